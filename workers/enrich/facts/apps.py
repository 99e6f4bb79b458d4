r"""Applications that show pages in a window of their own, by the words that they add.

A link in an application opens in the system's engine, whose words come first, so that uap-core
names the engine ("Chrome Mobile WebView", "Mobile Safari UI/WKWebView") or the application, as it
happens. These names come before uap-core's and are spelled as it does where it has one.

Sources: user agents as the applications' own developers' pages, their public issue trackers and
public collections of user agents show them. ``FBAN``, ``FBAV`` and ``FBPN`` are Meta's own fields.
The first application of which a word is there is the one: those that are built into others, or
carry others' words, come first.
"""

from workers.enrich.facts.words import words

APPS = {
    # Meta.
    "Threads": words(r"barcelona \d"),
    "Instagram": words(r"\binstagram(?: lite)?[ /]\d | fban/instagram"),
    "Facebook Messenger": words(
        r"fban/messenger | fb_iab/(?:orca|messenger) | fbpn/com\.facebook\.(?:orca|mlite)"
        r" | fban/mlite"
    ),
    "WhatsApp": words(r"fban/whatsapp | \bwhatsapp/\d"),
    "Facebook": words(r"\bfb(?:an|av|_iab|pn|ss)/ | metaiab facebook | \bfacebook/\d | \[fb"),
    # Messengers.
    "WeCom": words(r"\bwxwork/"),
    "WeChat": words(r"micromessenger/ | \bweixin/ | wechat/ | windowswechat | macwechat"),
    "Qzone": words(r"\bqzone/"),
    "QQ Music": words(r"\bqqmusic/"),
    "QQ": words(r"\bqq/\d[\d.]+ | \bqqtheme/ | \btim/\d"),
    "KakaoTalk": words(r"kakaotalk"),
    "KakaoStory": words(r"kakaostory"),
    "LINE": words(r"\bline/\d | linebizview"),
    "Telegram": words(r"telegram-(?:android|ios)/ | telegrambot-webview | telegramdesktop"),
    "Viber": words(r"\bviber/\d"),
    "Zalo": words(r"\bzalo (?:ios|android|pc)?/? ?\d | zalotheme | \bzalo/"),
    "Discord": words(r"\bdiscord/ | discord-ios | discord-?android"),
    "Slack Desktop Client": words(r"slack_ssb/"),
    "Slack": words(r"\bslack/\d | com\.tinyspeck\.chatlyio"),
    "Microsoft Teams": words(
        r"\bteams/\d | teamsmobile | skypeteams | skypespaces | microsoftteams | teamswebview"
    ),
    "Skype": words(r"\bskype/ | skypeuripreview-app"),
    "Zoom": words(r"\bzoom(?:webkit|phone|\.us|apps)?/\d | zoomwebkit"),
    "Webex": words(r"\bwebex(?:teams)?/ | cisco-webex"),
    "Lark": words(r"\blark/\d | feishu/"),
    "DingTalk": words(r"dingtalk/ | aliapp\(dingtalk"),
    "Mattermost": words(r"mattermost/ | mattermost mobile"),
    "imo": words(r"\bimoandroid | \bimoios | \bimo/\d"),
    "BAND": words(r"\bband/\d | band_android"),
    "GroupMe": words(r"\bgroupme/"),
    "Signal": words(r"\bsignal-(?:desktop|android|ios)/"),
    # Social networks and video.
    "LinkedIn": words(r"linkedinapp | \blinkedin/\d"),
    "TikTok": words(
        r"musical_ly | \btrill_ | bytedancewebview | bytelocale/ | \btiktok[ /]\d | \bultralite/\d"
        r" | app_name/(?:musical_ly|trill)"
    ),
    "Douyin": words(r"\baweme[_/ ] | douyin/"),
    "Lemon8": words(r"lemon8"),
    "CapCut": words(r"\bcapcut/ | videocut/"),
    "Snapchat": words(r"\bsnapchat[/ ]"),
    "Twitter": words(r"twitterandroid | twitter for (?:ip|android|mac) | \btwitter/\d"),
    "Pinterest": words(r"\[pinterest/"),
    "Reddit": words(
        r"\breddit/(?:version|\d) | redditios | \breddit for ios | com\.reddit\.frontpage"
    ),
    "VK": words(r"vkandroidapp/ | vkclient | \bvk(?:ios)?app?/ | com\.vk\.v"),
    "Odnoklassniki": words(r"\bodkl(?:android|ios) | okandroid/ | okios/"),
    "Tumblr": words(r"\btumblr(?:/| for )"),
    "Quora": words(r"\bquora[ /]"),
    "Nextdoor": words(r"\bnextdoor"),
    "Bluesky": words(r"\bbluesky/\d | xyz\.blueskyweb"),
    "Mastodon": words(r"mastodon(?:android|-ios|/ios)"),
    "Truth Social": words(r"\btruthsocial"),
    "Weibo": words(r"\bweibo\b | __weibo__ | weibolite"),
    "Xiaohongshu": words(
        r"xhsdiscover | \bxhs | \bdiscover/\d+\.\d+ \((?:iphone|ipad|android) | rednote/"
    ),
    "Bilibili": words(r"biliapp | \bbilibili | bili-inter"),
    "Douban": words(r"com\.douban\."),
    "NetEase Music": words(r"neteasemusic/ | cloudmusic/"),
    "iQIYI": words(r"iqiyi"),
    "Youku": words(r"\byouku"),
    "ShareChat": words(r"\bsharechat"),
    "Dailyhunt": words(r"\bdailyhunt"),
    "Rumble": words(r"\brumble/\d"),
    "Substack": words(r"\bsubstack/"),
    "Zhihu": words(r"zhihuhybrid | \bzhihu"),
    "Kuaishou": words(r"\bkwai(?:_pro)?/ | ksnebula | kuaishou | ksthanos"),
    "Likee": words(r"\blikee"),
    "Toutiao": words(r"newsarticle/ | toutiaomicroapp | \bnews/\d.{0,30}jssdk"),
    "YouTube": words(r"com\.google\.(?:android|ios)\.youtube"),
    "Twitch": words(r"twitch(?:app|mobile|android)?/\d | tv\.twitch"),
    "Naver": words(r"naver\(inapp | \bnaver/\d"),
    "Daum": words(r"daumapps | daumdevice"),
    # Search and news.
    "Google": words(r"\bgsa/\d"),
    "Google News": words(r"googlenews | newsstand"),
    "Bing": words(r"bingsapphire | bingweb/ | \bbing/\d"),
    "Yahoo! Japan": words(r"\byjapp- | jp\.co\.yahoo"),
    "Yahoo": words(r"\byahoo/\d | yahooappidentifier"),
    "SmartNews": words(r"\bsmartnews"),
    "Flipboard": words(r"\bflipboard[ /]"),
    "NewsBreak": words(r"\bnewsbreak"),
    "Baidu": words(r"baiduboxapp | baiduboxlite | \bbaidu/\d | swan-baiduboxapp"),
    # Mail and work.
    "Outlook": words(r"outlook-android | \boutlookmobile"),
    "Gmail": words(r"com\.google\.(?:android\.gm|gmail)"),
    "Notion": words(r"\bnotion/\d"),
    "Obsidian": words(r"\bobsidian/"),
    "Figma": words(r"\bfigma/"),
    "Postman": words(r"postman/\d"),
    "ChatGPT": words(r"\bchatgpt/\d"),
    "Claude": words(r"\bclaude(?:ios|android|nest)?/\d"),
    "Perplexity": words(r"\bperplexity(?:ios|android)?/\d"),
    "Copilot": words(r"\bcopilot/\d | copilotnative"),
    "VS Code": words(r"\bcode(?: - insiders)?/\d.{0,60}electron"),
    # Shops, wallets, travel.
    "Alipay": words(r"alipayclient | aliapp\(ap/ | alipaydefined"),
    "Taobao": words(r"aliapp\(tb | taobao"),
    "Tmall": words(r"aliapp\(tm"),
    "Lazada": words(r"aliapp\(la | lazada"),
    "AliExpress": words(r"aliapp\(ae | aliexpress"),
    "JD": words(r"\bjdapp; | jdpingou"),
    "Pinduoduo": words(r"pinduoduo | pddwebcontainer | phh_android"),
    "Meituan": words(r"\bmeituan | imeituan | dianping"),
    "Shopee": words(r"\bshopee"),
    "Amazon": words(r"amazon\.com/\d | amazonshopping | amzn_android | amazon shopping"),
    "eBay": words(r"ebay(?:ios|iphone|android|ipad)"),
    "Coupang": words(r"\bcoupang"),
    "Shopify": words(r"shopify mobile | shop/\d.{0,10}(?:ios|android)"),
    "MetaMask": words(r"metamaskmobile"),
    "Trust Wallet": words(r"trustwallet | \btrust/\d"),
    "Coinbase Wallet": words(r"coinbasewallet | coinbaseretail"),
    "OKX": words(r"\bokapp/ | \bokex/ | \bokx/"),
    "Binance": words(r"\bbinance"),
    "PayPal": words(r"\bpaypal/"),
    "Klarna": words(r"\bklarna"),
    "Booking": words(r"booking\.app"),
    "Airbnb": words(r"\bairbnb/"),
    "Tinder": words(r"\btinder/"),
    "Grindr": words(r"\bgrindr"),
    "Grab": words(r"\bgrab/\d"),
    "Spotify": words(r"\bspotify/\d"),
    # Browsers that uap-core takes for their engine.
    "Petal Search": words(r"\bpetalsearch/"),
    "Quark": words(r"\bquark/\d"),
    "Meizu Browser": words(r"\bmzbrowser/ | meizu browser"),
    "Yandex Browser": words(r"yabrowser/ | yasearchbrowser/ | yasearchapp/ | yaapp_android"),
    "Ecosia Android": words(r"ecosia android"),
    "Ecosia iOS": words(r"ecosia ios"),
    "Electron": words(r"electron/\d"),
}
