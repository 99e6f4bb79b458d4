"""Page that tells people what the interface can be asked, made from its document."""
