r"""Words of user agents, and models of devices, by the kind of device that has them.

Sources: what makers write of their browsers (Amazon on Fire TV, Fire tablets and Echo; Samsung, LG
and Meta on theirs; Tesla's and Nintendo's user agents), Google Play's list of supported devices for
models, and the device patterns of uap-core (Apache-2.0).

``\b`` is a word's beginning or end, ``; `` what stands before a model.
"""

from workers.enrich.facts.words import words

CONSOLES = words(r"""
    playstation | \bpsp\b | ps ?vita | nintendo | \bwiiu?\b | switch-browser | dreamcast
    segasaturn | xbox(?:;|_one|[ _]series| one|\b.{0,20}edg) | ; xbox | steam ?deck
    valve steam (?:gameoverlay|tenfoot) | \bouya\b | shield (?:portable|build) | shield\)
    gamepad\b | gpd ?(?:xd|win) | \bjxd | ; odin\d?\b | anbernic | retroid
    \brg(?:35[013]|40[56]|50[35]|55[267]|47[67])[a-z]*\b | \brg(?:28|34|35|40)xx | rgcube
    ; switch(?: lite| oled)?(?: build|\))
""")

#: On a wrist or before the eyes.
WEARABLES = words(r"""
    watch | smart ?band | \bwear ?os\b | \bgear (?:live|s\d?|fit)\b | moto 360\b | \bsm-[rlv]\d{3}
    \bleo-(?:bx|dlx)\d? | \bow(?:19|2\d)w\d | \bopwwe | \bthor (?:\d|pro|s)\b | \bkospet\b
    zeblaze | kid ?phone | smarty[ _]?kid | \bkw(?:88|99)\b | \blem(?:t|\d+)\b | \bdm(?:20|100)\b
    appllp | oculus | x86_64; quest | \bvr safari | picobrowser | \bpico (?:neo|g\d|\d)
    vision ?pro\b | \bvisionos/ | xros/ | hololens | vive (?:focus|flow|xr) | \bgo vr\b
    \bvr-\d{4} | mobile vr\b | google glass | ; glass \d
""")

#: What is built into a car, by its maker or afterwards.
CARS = words(r"""
    tesla/ | qtcarbrowser | \bautomotive\b | android ?auto\b | carplay | car ?pad | car ?browser
    \baftlft | dilink | byd auto | \bpolestar | volvo ?(?:car|ex|xc) | \brivian | \blucid ?air
    ; benz | benz_ | mazda ?connect | \bmbux | uconnect | \bsync ?4 | ford ?sync | \baudi\b
    \bks\d{3,4}x\d{3} | head ?unit | car[ _-]?(?:stereo|radio|media|multi) | \bteyes | \broik
    \bmpc-\d{2,3}\b | airtouch | apollo10 | 8227l | (?:uis)?8581[ay] | 825x | \bac8227 | \bac8257
    \btb8163p3 | \bzq8003 | k2001 | \byt\d{4}[a-z]{0,2}\b | octa-core t\d | octopus-core
    quad-?core[ -][rt]\d | ultraocta | sp9853i | \bf9212 | \bsda-8 | \bdudu ?(?:auto|7)
""")

#: Speakers, displays, players, tills, scanners of bar codes, projectors, refrigerators, cameras.
APPLIANCES = words(r"""
    devicetype/smartspeaker | crkey/.{0,30}devicetype/(?:smart|android).{0,3}display
    alexamediaplayer | \baeo[a-z]{2,3}\b | \becho (?:show|dot|spot|studio) | linux upnp.{0,30}sonos
    nest ?hub | home ?pod | google ?home | yandex ?(?:station|mini|module) | \bxdh- | \bxd-sdd
    portal ?(?:go|mini|\+) | aloha build | family ?hub | refrigerator | \bfridge | treadmill
    telpad | seewo | projector | projetor | miproj | xgimi | optoma | \bepson | viewboard
    \bifp\d{4} | \bvsd\d{3} | \bda2\d{2}hql | etile | \bsunmi | \bt2s | \bv2s?_pro
    ; (?:mc[29]|wt[46]\d|vc|ps)\d{1,3}[a-z]{0,3}(?: build|\)) | \bm3 ?(?:sm|us|ul|bk) | \bhoneywell
    datalogic | \bnewland | \burovo | \bmobigo | \bpoint ?mobile | \batol\b | \bevotor | \bingenico
    \bverifone | \bpax[ _-]?a\d | \blandi\b | \bnexgo | \bclover\b | \bnw-(?:a|z|wm|zx)\d | fiio
    astell | \bibasso | \bhiby | shanling | surfans | musicpad | yp-g | \bhmt ?\d{3}
    \bzune\b.{0,4}hd | galaxy player | \bsltdvd | \bdrp\d{4} | diverso | \bek-gc\d{3}
    galaxy camera | coolpix | \bcamera\b.{0,12}build
""")

#: Personal computers that run Android.
ANDROID_DESKTOPS = words(r"""
    chromebook | pixelbook | chromebox | \bcros\b | inspiron | latitude | aspire | easynote
    compaq | \ball-in-one | \baio\b | vivobook | thinkpad | optiplex | elitebook | probook
    pavilion | vostro | travelmate | lifebook | satellite | \bswift sf | macbook | gigabyte
    \bmsi\b | \bgp\d{2} \d | nuc\d | waydroid | \bx86 (?:pc|desktop) | virtualbox | vmware
    bluestacks | standard pc | subsystem for android | windows subsystem | remix ?(?:os|mini)
    phoenix ?os | \(pc; | \(2in1;
""")

#: What phones say of themselves. Phones before 2008 began with their makers' names.
PHONES = words(r"""
    mobi | iphone | ipod | phone | blackberry | \bbb10\b | opera mini | kaios | symbian
    series ?[46]0 | s60 | maemo | meego | bada/ | \bdv\(iph | palm(?:os|source) | palm os
    palmscape | blazer/ | \bxiino | webos/[12]\. | hpwos | \bpixi/ | \bpre/ | harmonyos
    openharmony | \(phone; | \[fba[nv]/ | midlet | \bmidp | \bcldc | \bj2me | up\.(?:browser|link)
    \bup/\d | obigo | wap ?-?browser | \bwap[12]\.\d | wapbrowser | \bmaui\b | \bbrew\b | \brex;
    docomo | kddi- | softbank/ | j-phone | willcom | teleca | au\.browser | jig browser
    onebrowser | ibrowser/mini | mqqbrowser/mini | \bmtk\b | nucleus | screen-\d{3}x
    ^(?:nokia|sonyericsson|samsung-|sec-|lg[-/e]|mot-|motorola|alcatel|sie-|sagem|huawei)
    ^(?:zte|htc|philips|panasonic|sharp|tianyu|nexian|spice|karbonn|micromax|fly[_ ]|lava|gionee)
    ^itel
""")
#: Windows on phones, whose browsers say Windows NT as well where they ask for a computer's page.
WINDOWS_PHONES = words(r"""
    lumia | wpdesktop | windows phone | windows mobile | iemobile | xblwp7 | windows ce
""")
#: Phones that have a tablet's or a television's word in their names.
PHONE_MODELS = words(r"""
    coolpad | tech ?pad | klipad | padfone | runbox | turbox | \bsm-f9 | droidz | odyssey
""")

DESKTOPS = words(r"""
    windows nt | macintosh | x11 | cros[ _] | \blinux | freebsd | openbsd | netbsd | dragonfly
    sunos | amiga | haiku | beos | os/2 | risc os | openvms | hp-ux | irix | \baix\b | morphos
    aros | syllable | inferno\) | win(?:dows)? ?(?:9[58x]|me|3\.1|2000|xp) | win16 | win32 | win64
    cygwin_nt | \(win\d | windows (?:vista|7|8|10|11)\b | mac[ _]?(?:os|powerpc) | macintel
    \(macos | macbook | imac | macmini | macpro | mac\d{1,2},\d
    darwin/\d+[\d.]* \((?:x86_64|i386|power) | ^safari/?\d+.*darwin | libreoffice | thunderbird
    electron/
""")
