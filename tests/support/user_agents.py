"""User agents of people: browsers, systems, phones and apps in the forms that these write.

Made from what each maker documents or is known to send, so that no list has to be copied. Phones
are among them whose names have a program's word in them.
"""

from collections.abc import Iterator
from itertools import product

#: Models of phones and tablets, the odd ones first.
ANDROID_MODELS = (
    *("CUBOT NOTE S", "CUBOT_P30", "CUBOT X18 Plus", "M bot 60", "M bot Tab 103", "IDbot553"),
    *("ID bot 53+", "B BOT 550", "POWER BOT", "XBot_Senior", "Spider 8", "HTC Butterfly 2"),
    *("ViewSonic V500", "Fever_Plus", "Monitor X", "Preview One", "TECNO CK6", "Infinix X6831"),
    *("SM-S928B", "SM-A546E", "SM-T970", "Pixel 9 Pro XL", "2312DRAABG", "CPH2557", "RMX3939"),
    *("V2318", "moto g power (2023)", "Nokia G42 5G", "LYA-L29", "ONEPLUS A6013", "KFTRWI"),
)
BUILDS = ("AP3A.240617.008", "UP1A.231005.007", "TP1A.220624.014", "RP1A.200720.011")
ANDROID = ("16", "15", "13", "10", "8.1.0")
CHROME = ("142.0.0.0", "130.0.6723.86", "116.0.5845.163", "90.0.4430.210")
IOS = ("26_1", "18_6", "17_5_1", "15_8", "12_5_7")
SAFARI = ("26.1", "18.6", "17.5", "15.6.6", "12.1.2")

#: What apps put behind Android's browser, or behind that of iOS.
ANDROID_APPS = (
    "Instagram 406.0.0.58.159 Android (35/15; 480dpi; 1080x2400; CUBOT; OP5759L1; qcom; de)",
    "Barcelona 379.0.0.40.109 Android (34/14; 450dpi; 1080x2340; samsung; SM-S928B; e3q; qcom)",
    "[FB_IAB/FB4A;FBAV/567.0.0.52.72;IABMV/1;]",
    "[FB_IAB/Orca-Android;FBAV/308.0.0.1.1;]",
    "MetaIAB Facebook",
    "trill_2021806060 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/musical_ly ByteLocale/de",
    "Snapchat/12.89.0.40 (CUBOT NOTE S; Android 13#1#33; gzip; )",
    "[LinkedInApp]/4.1.900",
    "TwitterAndroid",
    "[Pinterest/Android]",
    "Line/14.19.0/IAB",
    "KAKAOTALK 25.9.1 (INAPP)",
    "NAVER(inapp; search; 2000; 12.3.6)",
    "MicroMessenger/8.0.50.2701(0x28003253) NetType/WIFI Language/zh_CN ABI/arm64",
    "Viber/24.1.0.1",
    "GSA/15.44.33.29.arm64",
    "SogouMSE,SogouMobileBrowser/5.21.8",
    "(Ecosia android@111.0.5563.116)",
    "DuckDuckGo/5",
    "OPR/80.4.4244.77961",
    "EdgA/142.0.0.0",
    "SamsungBrowser/28.0",
    "UCBrowser/13.8.0.1318",
    "YaBrowser/25.8.1.103.00 SA/3",
    "Whale/3.2.1.0",
    "VKAndroidApp/8.90-20000",
    "Reddit/Version 2025.40.0/Build 254000/Android 15",
    "Flipboard/4.2.24/4732,4.2.24.4732",
    "Phantom/android/24.4.0.15916",
    "GNews Android/2022137898",
    "Feedly/98.0.1",
    "Google Search App",
    "Telegram-Android/11.2.3 (Samsung SM-S928B; Android 14; SDK 34; HIGH)",
)
IOS_APPS = (
    "",
    "Instagram 400.0.0.20.110 (iPhone16,2; iOS 18_6; de_DE; de; scale=3.00; 1290x2796; 700000000)",
    "Barcelona 379.0.0.40.109 (iPhone15,3; iOS 18_5; en_US; en; scale=3.00; 1290x2796; 1)",
    "[FBAN/FBIOS;FBAV/530.0.0.48.74;FBBV/1;FBDV/iPhone15,3;FBMD/iPhone;FBSN/iOS;FBSV/18.5;FBLC/de]",
    "musical_ly_39.3.0 JsSdk/2.0 NetType/WIFI Channel/App Store ByteLocale/de Region/DE",
    "Snapchat/13.40.0.40 (like Safari/8618.3.11, panda)",
    "[LinkedInApp]/9.31.3",
    "Twitter for iPhone/11.20",
    "[Pinterest/iOS]",
    "Line/14.19.0",
    "KAKAOTALK 25.8.0 (INAPP)",
    "MicroMessenger/8.0.50(0x18003231) NetType/WIFI Language/de",
    "Flipboard/4.2.59",
    "Phantom/ios/24.3.0.16061",
    "OPT/5.6.0",
    "DuckDuckGo/7",
    "(Ecosia ios@9.2.3.1367)",
    "AliApp(TUnionSDK/0.1.20)",
)
#: What desktop browsers and apps made of them say between engine and end, or behind it.
DESKTOP_PRODUCTS = (
    "",
    "Edg/142.0.0.0",
    "OPR/123.0.0.0",
    "Vivaldi/7.6.3797.58",
    "YaBrowser/25.8.0.0",
    "Whale/3.2.1.0",
    "QQBrowser/10.3.2727.400",
    "coc_coc_browser/136.0",
    "SznProhlizec/3.0.0",
    "Avast/142.0.0.0",
    "Iron/26.0.1450.0",
    "SE 2.X MetaSr 1.0",
    "LBBROWSER",
)
ELECTRON = (
    "Slack/4.46.99",
    "Teams/1.6.00.4472",
    "discord/1.0.9209",
    "Code/1.115.0",
    "Cursor/1.7.33",
    "Trae/1.107.1",
    "Notion/4.19.0",
    "WhatsApp/2.2587.9",
    "Signal/7.70.0",
    "obsidian/1.9.14",
    "Postman/11.60.0",
    "Spotify/1.1.9.383",
    "Fluid/0.9.6",
    "Blackboard/3.6.0",
    "coccocbrowser/47.0",
)
DESKTOPS = (
    "Windows NT 10.0; Win64; x64",
    "Windows NT 6.1; WOW64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "X11; CrOS x86_64 14541.0.0",
)
#: What begins otherwise, or ends in something odd, and yet is a person's.
ODD = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Mobile/15E148 Instagram 400.0 (iPhone15,3; iOS 18_6; en_SA@calendar=gregorian; en-SA)",
    "Mozilla/5.0 (Linux; Android 15; SM-A5000 Build/LRX22C) AppleWebKit/602.4.6 (KHTML, like "
    "Gecko) Mobile/14D27 HTAO/3.3.3 WindVane/8.1.0 HTAO(channel/701287@htao_Andorid_3.3.3)",
    "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.8.119 Version/11.10",
    "Opera/9.80 (MAUI Runtime; Opera Mini/4.4.39008/37.9178; U; en) Presto/2.12 Version/12.16",
    "UCWEB/2.0 (MIDP-2.0; U; Adr 9; en-US; CUBOT_X18_Plus) U2/1.0.0 UCBrowser/10.7 U2/1.0.0 Mobile",
    "SonyEricssonW100i/1.0 Browser/NetFront Profile/MIDP-2.0 Configuration/CLDC-1.1",
    "BlackBerry9700/5.0.0.862 Profile/MIDP-2.1 Configuration/CLDC-1.1",
    "Nokia6280/2.0 (03.60) Profile/MIDP-2.0 Configuration/CLDC-1.1",
    "DoCoMo/2.0 P900i(c100;TB;W24H11)",
    "MQQBrowser/1.0/Mozilla/5.0 (compatible; MSIE 10.0; Windows Phone 8.0; Trident/6.0)",
    "[FBAN/FB4A;FBAV/567.0.0;FBPN/com.facebook.katana;]",
    "Dalvik/2.1.0 (Linux; U; Android 15; SM-S928B Build/AP3A.240905.015)",
    "Dalvik/1.6.0 (Linux; U; Android 4.4.2; CUBOT GT99 Build/KOT49H)",
    "Safari/20621.1.15.11.10 CFNetwork/3826.500.111.1.1 Darwin/24.4.0",
    "MobileSafari/8621.2.5.10.10 CFNetwork/1568.300.101 Darwin/24.2.0",
    "hulu/50000130 cfnetwork/976 darwin/18.2.0",
    "Hulu/6.8.1 (iOS 13.3; en_US; iPhone12,1; 17C54)",
    "ESPN App/6.12.0 Dalvik/2.1.0 (Linux; U; Android 9; SM-G965U Build/PPR1.180610.011)",
    "YelpWebView/1.5 Android/6.0.1 YelpApp/9.9.0 (x-screen-scale 1.0;)",
    "RadiosNet/2.8.0 (Java; Android)",
    "Roku4640X/DVP-7.70 (297.70E04154A)",
    "Linux UPnP/1.0 Sonos/83.1-61240 (ZPS35)",
    "HbbTV/1.5.1 (+DRM;Samsung;SmartTV2021:UAU7000;T-KSU2EDEUC;KantSU2e;) Tizen/6.0 (+TVPLUS)",
    "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0 "
    "Safari/537.36 HbbTV/1.6.1 (+DRM; LGE; 50QNED816RE; WEBOS23 03.20.23; W23_K8HPP; DTV_W23H;)",
    "Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.182 "
    "Odin/88.4324.2.10 Safari/537.36 HbbTV/1.6.1 (+DRM;Hisense;SmartTV_2022;V1;55A69FEVS;)",
    "Mozilla/5.0 (PlayStation 5/SmartTV) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (Nintendo 3DS; U; ; en) Version/1.7412.EU",
    "Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/609.4 (KHTML, like Gecko) NF/6.0",
    "Mozilla/5.0 (X11; GNU/Linux) AppleWebKit/601.1 (KHTML, like Gecko) Tesla QtCarBrowser",
    "Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10_6_3; en-us; Silk/1.0.146.3) AppleWebKit/533.16 "
    "(KHTML, like Gecko) Version/5.0 Safari/533.16 Silk-Accelerated=true",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; SLCC2; .NET CLR 2.0.50727)",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; Trident/7.0; Tablet PC 2.0; ms-office)",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0;  Embedded Web Browser from: "
    "http://bsalsa.com/; .NET CLR 2.0.50727)",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; ARM; Trident/6.0; Touch; WebView/1.0)",
    "Mozilla/5.0 (compatible; StudentImage; Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (compatible; Konqueror/4.4; Linux) KHTML/4.4.5 (like Gecko) Kubuntu",
    "Mozilla/5.0 (compatible; U; ABrowse 0.6; Syllable) AppleWebKit/420+ (KHTML, like Gecko)",
    "Mozilla/5.0 (compatible; U; Webpositive/533.4; Haiku) AppleWebkit/533.4 (KHTML, like gecko)",
    "Mozilla/3.0 (compatible; NetPositive/2.2.1; BeOS)",
    "Mozilla/6.0 (compatible; MSIE 7.01; Amiga-AWeb)",
    "Mozilla/5.0 (Android 11; Mobile; rv:105.0; Ghostery:3.0) Gecko/105.0 Firefox/105.0",
    "Mozilla/5.0 (Mobile; LYF/F90M/000JRI;Android; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (X11; U; Linux i686; en-US; rv:1.8.1.18) Gecko/20081206 Galeon/1.3.21",
    "Lynx/2.9.0dev.6 libwww-FM/2.14 SSL-MM/1.4.1 OpenSSL/1.1.1j-dev",
    "ELinks/0.12~pre6-1ubuntu1 (textmode; Ubuntu; Linux 3.11.0-13-generic i686; 100x25-2)",
    "w3m/0.5.3+git20230121",
    "AmigaVoyager/3.4.4 (MorphOS/PPC native)",
    # Of browsers that told of their sites, or of nothing else; by their makers' pages.
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0; User-agent: Mozilla/4.0 "
    "(compatible; MSIE 6.0; Windows NT 5.1; SV1; http://bsalsa.com) (none); InfoPath.2)",
    "Avant Browser (http://www.avantbrowser.com)",
    "Advanced Browser (http://www.avantbrowser.com)",
    "Mozilla/3.01 (compatible; Netbox/3.5 R92; Linux 2.2)",
    "INTEX ECO Beats",
    # Of filters that people run on their own machines, which leave nothing of the browser's.
    "Space Bison/0.02 [fu] (Win67; X; SK)",
    "Utopia WebWasher 3.0",
    "Mozilla/5.0 (000000000; 00000 000 00 0 000000) DDDDDDDDDDDDDDDDDD DDDDDDD DDDD DDDDDD",
    "Orca Browser (http://www.orcabrowser.com)",
    "Mozilla/5.0 (Windows; U; Windows NT 6.1; en-US) AppleWebKit/527+ (KHTML, like Gecko) "
    "QtWeb Internet Browser/3.0 http://www.QtWeb.net",
    "Mozilla/4.5 (compatible; OmniWeb/4.1-beta-1; Mac_PowerPC)",
    "Mozilla/4.0+(compatible;+MSIE+7.0;+Windows+NT+5.1)",
    "Aplix_SANYO_browser/1.x (Japanese)",
    "PolycomVVX-VVX_500-UA/5.2.2.1522",
    "Lunascape",
    "QuickTime/7.6.6 (qtver=7.6.6;cpu=IA32;os=Mac 10.6.8)",
    "(iPhone; CPU iPhone OS 16_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "mozilla/5.0 (linux; android 9; armor_7) applewebkit/537.36 (khtml, like gecko) chrome/83.0 "
    "mobile safari/537.36",
    "Overcast/3.0 (+http://overcast.fm/; iOS podcast app)",
)


def people() -> Iterator[str]:
    """Yield some two thousand user agents of people, each once."""
    yield from dict.fromkeys((*_android(), *_ios(), *_desktop(), *ODD))


def _android() -> Iterator[str]:
    webkit = "AppleWebKit/537.36 (KHTML, like Gecko)"
    for place, (model, version) in enumerate(product(ANDROID_MODELS, ANDROID)):
        chrome, build = CHROME[place % len(CHROME)], BUILDS[place % len(BUILDS)]
        app = ANDROID_APPS[place % len(ANDROID_APPS)]
        start = f"Mozilla/5.0 (Linux; Android {version}; {model}"
        yield f"{start}) {webkit} Chrome/{chrome} Safari/537.36"
        yield (
            f"{start} Build/{build}; wv) {webkit} Version/4.0 Chrome/{chrome} Mobile Safari/537.36"
            f" {app}"
        )
        yield (
            f"Mozilla/5.0 (Linux; U; Android {version}; en-us; {model} Build/{build}) {webkit}"
            f" Version/4.0 Chrome/{chrome} Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.9.1-gn"
        )
        yield f"Mozilla/5.0 (Android {version}; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0"
        yield f"Dalvik/2.1.0 (Linux; U; Android {version}; {model} Build/{build})"
    for app, model in product(ANDROID_APPS, ANDROID_MODELS[::3]):
        yield (
            f"Mozilla/5.0 (Linux; Android 15; {model} Build/{BUILDS[0]}; wv) {webkit} Version/4.0"
            f" Chrome/142.0.7444.142 Mobile Safari/537.36 {app}"
        )


def _ios() -> Iterator[str]:
    for device, (version, safari), app in product(
        ("iPhone; CPU iPhone OS", "iPad; CPU OS"), zip(IOS, SAFARI, strict=True), IOS_APPS
    ):
        start = f"Mozilla/5.0 ({device} {version} like Mac OS X) AppleWebKit/605.1.15"
        yield f"{start} (KHTML, like Gecko) Mobile/15E148 {app}".rstrip()
        yield (
            f"{start} (KHTML, like Gecko) Version/{safari} Mobile/15E148 Safari/604.1 {app}"
        ).rstrip()
    for browser in (
        "CriOS/142.0.7444.46",
        "FxiOS/143.0",
        "EdgiOS/142.0",
        "GSA/380.0.8",
        "OPiOS/9.1",
    ):
        yield (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15"
            f" (KHTML, like Gecko) {browser} Mobile/15E148 Safari/604.1"
        )


def _desktop() -> Iterator[str]:
    for system, chrome, other in product(DESKTOPS, CHROME, DESKTOP_PRODUCTS):
        start = f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko)"
        yield f"{start} Chrome/{chrome} Safari/537.36 {other}".rstrip()
    for system, chrome, app in product(DESKTOPS[:4], CHROME, ELECTRON):
        start = f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko)"
        yield f"{start} {app} Chrome/{chrome} Electron/39.8.5 Safari/537.36"
    for system, version in product(DESKTOPS[:4], ("143.0", "128.0", "115.0", "52.9")):
        yield f"Mozilla/5.0 ({system}; rv:{version}) Gecko/20100101 Firefox/{version}"
    for version in SAFARI:
        yield (
            f"Mozilla/5.0 ({DESKTOPS[2]}) AppleWebKit/605.1.15 (KHTML, like Gecko)"
            f" Version/{version} Safari/605.1.15"
        )
