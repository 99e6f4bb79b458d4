"""Rules for what isn't there: a user agent, a browser's engine, a person's device.

Browsers all say with which engine they draw, apps on which system they run. What says neither is a
program, whatever it is called: unknown programs outnumber unknown browsers by far.
"""

from app.verdicts.rule import Rule

NO_USER_AGENT = Rule(
    name="no-user-agent",
    kind="bot",
    looks_at="that there is no user agent, or nothing in it",
    why="browsers and apps always send one",
    source="RFC 9110 §10.1.5",
    version=1,
)

#: What programs write where they have no user agent, in small letters and without what stands
#: around it.
NOTHING = frozenset(("", "null", "undefined", "none", "nil", "unknown", "default", "user-agent"))

BARE = Rule(
    name="bare",
    kind="bot",
    looks_at="that the user agent is only what all browsers begin with",
    why="browsers go on with engine and system",
    source="https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/User-Agent",
    version=1,
    patterns=(
        r"(?i)^\s*(?:Mozilla|Opera|Chrome|Safari|Firefox)(?:/[\d.]+)?\s*(?:\(compatible;?\)?)?\s*$",
    ),
)

COMPATIBLE = Rule(
    name="compatible",
    kind="bot",
    looks_at="a name of no browser behind `(compatible;`",
    why="of browsers only Internet Explorer and few others of its time wrote so",
    source="what programs of all lists have in common",
    version=2,
)

NO_DEVICE = Rule(
    name="no-device",
    kind="bot",
    looks_at="that neither an engine nor a device or its system is named",
    why="browsers name the first, apps at least the second",
    source="the same page, and what apps send",
    version=2,
)

#: What stands behind ``(compatible;``, if it is no browser's.
COMPATIBLE_NAME = r"(?i)\(compatible[;,][ +]*(?:U; *)?([^;)]{2,})"
#: What browsers wrote there, and their systems.
COMPATIBLE_BROWSERS = (
    r"(?i)^(?:MSP?IE|Konqueror|ABrowse|IBrowse|NetPositive|WebPositive|iCab|OmniWeb|Opera|Safari|"
    r"Windows|Win\d|Linux|X11|Macintosh|Mac|iPhone|iPad|Android|Amiga|AWEB|Charon|Voyager|Lotus|"
    r"NetFront|Smartphone|Tablet|AvantGo|Polaris|Off ?By ?One|Dillo|Chrome|Firefox|Gecko|Edge|"
    r"PlayStation|Nintendo|Netscape|Ubuntu|Galeon|Elaine|Blazer|en\b|IE\b|Trident|Maxthon|"
    r"PPC|Symbian|BlackBerry|ANT|NCBrowser|RISC|Acorn|Oregano|Series|Palm|Danger|Wii|HbbTV|"
    r"SmartTV|X\d|AOL|Netbox)"
)
#: Engines, and browsers that name none.
ENGINES = (
    r"(?i)AppleWebKit|Gecko/|like Gecko|KHTML|MSIE ?\d|Trident|Presto|Goanna|Servo/|Dalvik|"
    r"CFNetwork|Cronet|ExoPlayer|Opera[ /][\d,]|OPR/|Opera M|NetFront|UCWEB|UC ?Browser|UCPro|"
    r"Obigo|Teleca|MIDP|CLDC|J2ME|UP\.(?:Browser|Link)|MAUI|WAP|BREW|i-mode|DoCoMo|Dorado|"
    r"MQQBrowser|OneBrowser|iBrowser|Dolfin|Jasmine|Polaris|Konqueror|iCab|Netscape|Mosaic|"
    r"Firefox[/ ]|(?:Chrome|Chromium)/|(?:Mobile)?Safari/|CriOS/|FxiOS/|EdgiOS/|\[FB|FBAN|"
    r"QtWebEngine|QtWebKit|WebView|Maple|Galio|ANTFresco|CE-HTML|NETTV|Espial|iTunes|QuickTime|"
    r"^(?:VMS_Mosaic|NCSA_Mosaic|Links|ELinks|Lynx|w3m|Dillo|IBrowse|AmigaVoyager|Voyager|Amiga|"
    r"NetSurf|Cyberdog|OmniWeb|Sleipnir|Avant|Orca|Iceweasel|GNU IceCat|HotJava|NetPositive|Amaya|"
    r"Planetweb|Mercury|Puffin|Xiino|nook|Bunjalloo|Browse|Lunascape|SlimBrowser|MoonBrowser|"
    r"BarcaPro|Sylera|DonutP|AWeb|Shiira|Ace Explorer|Sunrise|Foxmail|ActiveWorlds|Biyubi|Gumbo|"
    r"Internet Explorer|NETCOMplete|MSDN SurfBear|"
    r"(?:T-Online|Magic|Commerce|Super Cool|Advanced) Browser)\b|"
    r"Aplix|Netbox/|MSIE\+\d|MultiZilla|NetPositive|OmniWeb|DreamPassport|Blazer \d|I-Opener|"
    r"Minefield|"
    r"^Mozilla/\S+ Beta|PolycomVVX|\.NET CLR \d|"
    # What proxies of people's put in the place of a browser's, or of each of its letters.
    r"^(?:Space Bison|Utopia WebWasher)\b|^Mozilla/\d\.\d \(0{4,};"
)
#: Devices that people hold, and their systems.
DEVICES = (
    r"(?i)Android|iPhone|iPad|iPod|\biOS|Darwin/|watch ?OS|Watch\d,|tvOS|Apple ?TV|"
    r"Windows[ /-](?:NT|Phone|CE|Mobile|IoT|\d|Microsoft)|\bWin(?:9[58x]|NT|32|64)|win\d+ x|"
    r"Macintosh|Mac ?OS|OS X|CrOS|KaiOS|Tizen|Web0S|webOS|Bada|HarmonyOS|OpenHarmony|Fuchsia|"
    r"Symbian|Series ?[346]0|S60|BlackBerry|\bBB10|RIM Tablet|PlayBook|Palm|Maemo|MeeGo|Sailfish|"
    r"Nokia|SonyEricsson|SAMSUNG|\bSEC-|HUAWEI|Xiaomi|Lenovo|HTC|\bLGE?[-/]|MOT-|ZTE|OPPO|vivo|"
    r"Alcatel|Panasonic|Sharp|Philips|Toshiba|Sagem|SIE-|PANTECH|Karbonn|Micromax|INTEX|Spice|Garmin|"
    r"HbbTV|Hybridcast|Smart-?TV|SMART-TV|smarttv|Google ?TV|\bTV\b|VIZIO|Roku|BRAVIA|VIERA|AQUOS|"
    r"NetCast|LOEWE|Zeasn|BrightSign|Kodi|Sonos|Echo|Alexa|Chromecast|CrKey|KreaTV|Portal|"
    r"PlayStation|\bPS[2-5P]\b|PS Vita|Nintendo|\bWii|Xbox|GOG ?Galaxy|Steam|Quest|Tesla|"
    r"X11|Wayland|AmigaOS|MorphOS|BeOS|Haiku|AROS|OS/2|RISC ?OS|Inferno|SunOS|(?:Free|Open)BSD|"
    r"Linux; |Linux/\d|\bAFT\w|podcast|\bpod\w|radio|music|player|VLC|XBMC|\bmpv\b|tpapi|AirPlay|"
    r"Dreamcast|hiptop|AvantGo|Liberate|DTV|Win16|\bpalm|Solaris|jig browser|"
    r"CastBox|Castro|TuneIn|iVoox|Bullhorn|Spotify|Deezer|Stitcher|Saavn|Luminary|VictorReader|"
    r"foobar2000|Audacious|amarok|rhythmbox|Zune|Bose/|tune|audio|sound|bPod|FM/|Outcast|Overcast"
)
