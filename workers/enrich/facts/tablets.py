r"""Words and models of tablets.

Sources: what their browsers say, Google Play's list of supported devices, and user agents that are
public, for the models of those that say what a phone says. Most makers number their tablets apart
from their phones, so that a few letters tell a series, and the next tablets of it as well.
"""

from workers.enrich.facts.words import words

_SAID = words(r"""
    tablet(?:[^ p]| [^p]|$) | (?:asus|eee|pad) ?transformer | transformer (?:pad|prime|tf) | \bipad
    kindle | \bsilk/ | playbook | ; ?tab\b | \btab[ _-]?[a-z]?\d | [ _]tab\b | [ _]tab[ _)]
    \btab_ | ideatab | \bpad[ _-]?\d | \bpad\b
    (?:[b-z]|ega|edia)pad[ _-]?\d{0,2}(?: |;|_|\)|-|pro|se|air|mini) | slate ?\d | xoom
""")

_MODELS = words(r"""
    ; (?:bq )?(?:edison|maxwell) | \bthrive\b.{0,4}build | \bcraig[ _] | \bsm-[txp]\d | \bgt-p\d{4}
    \bgt-n(?:5|80)\d{2} | \bn51\d0\b | \bshw-m(?:180|380|480|500) | \bsch-i800 | \bsgh-i\d{3}m? tab
    nexus (?:7|9|10)\b | pixel (?:c|tablet)\b | \bkf[a-z]{2,6}\b
    \btb-?(?:x|\d{4}|j|q|p|\d{3}[fxz]) | \btb\d- | \byt\d?- | yoga tab
    lenovo ?(?:a[1-9][0-9]{3}-|a7-|a8-|a10-|b[68]\d{3}|s[568]000|k1\b|tab) | \ba7600 | \ba3[35]00
    mediapad | matepad | -w(?:0\d|[0-9])\b | -w\d{2}hn?\b | \bt1[-_](?:7|8|10|a2)
    \b(?:ags|bah|kob|jdn|bto|bgo|bg2|mrx|dby|scm|scmr|shz|cpn|bzt|mon|vrd|got|dbr|tgr)\d?-[wla]
    \b(?:hdn|hey|gdi|rod|eln|ndl)\d?-[wla]
    \bbach- | mi ?pad | redmi ?pad | \b2[1-9]\d{2,3}[0-9a-z]rp\w{2,4} | \bopd\d{4} | \bopd2
    oppo pad | \bi?pa2\d{3} | realme pad | \brmp\d{4} | honor pad | iconia | \b[ab][1-3]-[78]\d{2}
    \ba[125]0[01]\b | asus.{0,4}(?:p0|k0|me|tf)\d | \b(?:me|tf)[1-7]\d{2}[a-z]{0,2}\b | \bk0\d{2}\b
    \bp0[0-2][0-9a-z]\b | zenpad | fonepad | \bmemo pad | \bnook | \bbntv | \bbnrv | venue ?[78]
    streak ?[710] | \bat(?:100|200|270|300|1s0|[17]-[a-z]\d{3}) | sony tablet | \bsgp\d{3}
    \bso-0[35][ef]\b | \bsgpt | \blg-v\d{3} | \bvk81[05]\b | g pad
    htc[ _](?:flyer|jetstream|a10[0-3]) | \bp510e | optimus pad
    archos[ _]?(?:70|79|80|90|97|101|116|133) | \barnova | \ban(?:7|8|9|10)[a-z]?g | \bchild ?pad
    \bmid[-_]?[0-9mt] | \bpmid | \bpmp\d{4} | \bpmt\d{4} | \bgrace \d{4} | \bwize \d{4}
    \bmuze \d{4} | \bcube\b.{0,6}build | iplay[ _-]?\d | alldocube | teclast
    \b[ptm]\d{2}(?:hd|pro|s|t|h|_?plus)?_(?:eea|row|ru) | chuwi
    \bhi ?(?:8|9|10|12)[ _-]?(?:pro|air|plus|x)?\b.{0,3}(?:build|\)) | onda[ _]v | \bvi10 | ainol
    novo ?\d | numy | \b(?:citi|plane|optima|hit|idx?[a-z]*|platina|eve|lagoon)[ _]?(?:octa )?\d{4}
    \b(?:ts|ps|tt|cs|ss|rs|ms)(?:7|8|9|1[0-3])\d{2,3}(?:m|p|e|a|r)[glwr]\b | digma (?:pro|d7|d8|d9)
    \btz[1-9]\d{1,2}\b | irbis t | \bbq(?:ru)?-?(?:7|8|9|10)\d{2,3}[a-z]?\b | aquaris[ _]m(?:8|10)
    \baquaris_m8
    \b(?:80(?:5[24]|67|79|8[2458]|9[2-6])|849[16]|9203|929\d|94\d{2})[a-z]\d?(?:_\w+)?\b
    \b9(?:00[35679]|01[0356]|02[01456789]|0[3468]\d|1\d{2})[a-z]\d?(?:_\w+)?\b
    alcatel.{0,12}one ?touch (?:t1|e710|evo|p3) | \bone ?touch (?:pixi|pop) ?(?:7|8|10)
    nomi[ _]c(?:07|08|10) | \bimpad | \bslide ?pad | iball[ _](?:slide|q) | kocaso | \bm-mp\d
    \bm-sp\d{2}? | \bsp\d{2}g3 | mediacom | \bccit | \bmfc\d{3} | lexibook | masstel[ _]tab
    \bzync[ _] | \bpocketbook | \bboox | \bmc_[a-z]+\d | \b(?:faust|darwin|volta|kant|poke)\d
    onyx ?boox | \bot\d{1,2}\b.{0,3}(?:build|\)) | \brt\d\b
    \bt(?:10|20|30|35|40)(?:e|s|mini|pro|plus|ultra|max)\b | active[ _](?:8|10)\b | readboy
    \bwo[ _](?:8|9|10|12|pad) | oysters t | \bt(?:72|74|82|84|102|104)[a-z]
    \btm-(?:7|8|9|10)\d{2,3} | \bteo\d | \bkm(?:07|08|10)\d{2} | eagle[ _]\d{3} | \bfreeme
    \bfreebird | roverpad | tecno p70
    \b(?:qs|rc|lc|mt|bc|el|er|vm|ac|am|ts|oc)(?:07|08|09|10|71|97)\d{1,2}[a-z]\b | \b3q[ _]
    \bodys\b | xelio | \bnoon\b | trekstor | surftab | medion.{0,3}lifetab | lifetab
    \b[ep](?:9|10)\d{2,3}x?\b.{0,3}lifetab | captiva pad | denver ta[dqc] | \bta[dqc]-\d | mpman
    \bmpqc | \bmpdc | storex | yarvik | \btab\d{3} | wexler | \brmd-\d | hipstreet | ematic
    nextbook | \bnx(?:008|16a|785) | rca[ _] | \brct\d{4} | \bdl\d{4} | digiland | visual ?land
    azpen | double ?power | proscan | \bplt\d{4} | \bns-p\d | \bqtaq | \bqmv\d | \bqtasun
    verizon tab | hannspree | \bsn\d{2}t\d | viewpad | viewsonic v
""")

TABLETS = [*_SAID, *_MODELS]
