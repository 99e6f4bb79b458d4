r"""Words and models of televisions, and of boxes and sticks that make one of a screen.

Sources: HbbTV and CE-HTML (ETSI TS 102 796, CEA-2014), Opera's TV SDK (``OMI/``, ``Andr0id``, ``TV
Store``), what Amazon, LG, Samsung, Roku, Google and Philips write of their sets' browsers, and
Google Play's list of supported devices and user agents that are public for the models of those that
run Android.
"""

from workers.enrich.facts.words import words

#: What their browsers say to be told apart.
_SAID = words(r"""
    smart-?_?tv | google ?tv | g00gle ?tv | apple ?tv | hbbtv | android ?tv | andr0id | netcast
    web0s | webos\.tv | bravia | \broku | crkey | \bviera | philips-?tv | \btv safari
    safari/[\d.]+ tv\b | nettv | ce-html | \bomi/ | tv ?store | _tv_ | \(dtv | \bdtv;
    dtvnetbrowser | inettvbrowser | large screen | olleh ?tv | aquos(?:browser|-as|-dmp)
    hybridcast | webtv | vidaa | zeasn | netrange | whale ?os | \bsraf\b | , ?wire(?:d|less)\)
    ;wired\) | ;maple | wv-atv | \batv\b | _atv | \batv[ _-] | \bapptv | \bespial | westerndigital
    sigmadesigns | brightsign | \btivo | wdtv | boxee | popcorn ?hour | \bvizio | \bvizcast
    \bbeyondtv | \bxumo
""")

#: Boxes, sticks and sets that have it in their names.
_NAMED = words(r"""
    \baft[a-z0-9]{1,9}\b | mi ?tv | mi ?box | redmi ?tv | oneplus ?tv | realme ?tv | moto ?tv
    nokia ?(?:smart)? ?tv | hisense.{0,20}tv | hismart | smart ?box
    [ _-](?:u|f|q|4k|2k|8k)?hd[ _-]?tv | \b[248]k\b.{0,12}\btv
    \b(?:led|lcd|oled|qled|uhd|fhd)[-_ ]?tv | iptv | ip[ _-]tv
    \btv[ _-]?(?:box|stick|dongle|pc|set|shell) | stream ?tv | \btv ?build
    \w[ _-]tv(?:[);]| build) | ; ?tv\d | \bdvb | \bstb\d*\b | \bstb[-_] | [a-z]stb\d* | set-?top
    mediabox | media ?player build | [a-z0-9][ _-]box\b
    box[ _-]?(?:\d|pro|max|mini|tv|s\b|x\d|r\d) | \bbox build | ; ?box\b | tvbox | tv_box
    stick[ _-]?(?:4k|hd|\d|lite|build) | \bdongle | [ _]shell | \bshell_
""")

#: Chips, makers and models of boxes.
_BOXES = words(r"""
    mstar | amlogic | allwinner tv | \brtd?\d{4}\b | realtek | \bhi37\d{2} | mt96\d{2} | mt58\d{2}
    ; t9[56]\w | novatek | \bnt\d{3}\b | \bx(?:96|88|98|92) | a95x | \bh96(?:\b|pro|max) | \bhk1
    \bmxq | \bm8s | \btx(?:2|3|5|6|9)\b | \btx\d{1,2}(?:mini|pro|s) | ; t95 | \bz28 | \bqbox
    \bs905 | \bs912 | \bp2(?:00|01|12|15|30|81)\b | \brk3[0-9]{3} | rockchip | beelink | minix
    ugoos | mecool | vontar | tanix | magicsee | gtking | \bgt[ _-]?king | vorke | \bzidoo
    \bhimedia | egreat | dune ?hd | \bwetek | \bnexbox | \bvensmile | \bt-?box | \bxtream
    formuler | \bbuzztv | \bmag\d{3} | \binfomir | canal ?digital | \bs70cds | shield ?android
    nexus player | \badt-\d | \bforge\b.{0,4}build | razer forge | chromecast | \bsabrina\b
    \bsei\d{3} | \bdiw\d{3} | \bsagemcom | \bkaon | \bskyworth | \bcoocaa | openbox | \bas[_-]?4k
    \bas1_hd | iconbit | toucan | \bxds\d\d?4k | omnicast | \d{2}lex-?\d{4} | td?tv\d{2}
    \bpolar_w?k?_?p\d{2} | \bk(?:i|ii|iii)[ _](?:pro|plus) | \bkm[135679]\b | \bneo-[uxz]\d | nexon
    \bvmp-?\d | \bk\d{2}dl | pendoo | eled- | rombica | transpeed | \bnv(?:501|510|711|720) | invin
    \bip-[678]0 max | tronsmart | \bdraco[ _] | vega[ _]s95 | orion r\d | pcbox | net ?tv
    ptv\d{2} | selenga | ozonehd | andowl | divisat | evpad | evbox | orbsmart | yundoo | \brkm\b
    \bmk[89]0\d | perfeo | mygica | \bec6108 | kant-?3 | ktv- | \btle-\d{2} | spybox | nogapc
    skystream | eurobox | \byndx- | tuvio | \bt[dq]\d{2}[a-z]{2} | \bct-8\d{3} | flowbox
    \bmatador | aquos[-_]tv | smartertv | kogan(?:tv| smarter) | matrixtv | media tv | amigo7
    \bdv\d{4}- | hiberg | sberbox | \bsbdv | netbox | bell streamer | fibetv
    \bmovix | \bpov_tv | portaltv | tvbrowser | \(tv; | opera tv | avui/tv
    \(linux (?:mips|sh4|armv\d\w*); ?(?:u;)? | \(astro; | [248]k_ | _[248]k\b | _u?fhd | uhd
""")

#: What stands between a system and a model: a language, a maker.
_BEFORE = r"; ?(?:[a-z]{2}[-_][a-z]{2}; ?)?(?:\w+[ _-])?"
_SIZES = r"(?:19|2[2-9]|3[1-9]|4[0-9]|5[0-9]|6[05]|7[057]|8[56]|98)"
_USUAL_SIZES = r"(?:24|32|39|4[0239]|5[058]|6[05]|75)"
#: Sets are named by their screen's inches, alone or behind their maker's letters.
_INCHES = (
    rf"{_BEFORE}(?:led)?{_SIZES}[a-z]{{1,4}}[-_ ]?[a-z]*\d[\w-]*(?: build|\))",
    rf"{_BEFORE}[a-z]{{2}}[-_]?(?:le?d)?{_USUAL_SIZES}[a-z]{{1,3}}\d{{2,4}}",
    rf"\b(?:le?d|lcd|sw|ds|tf)[-_]?(?:led)?(?:28|48|70|{_USUAL_SIZES})[a-z]{{0,3}}\d*",
    rf"{_USUAL_SIZES}(?:u|s|f|h|q)[0-9]{{2,4}}",
    r"; ?kivi",
    r"\bdexp[ _]?(?:smart|u|h|f)\d{2}",
)

TELEVISIONS = [*_SAID, *_NAMED, *_BOXES, *_INCHES]
