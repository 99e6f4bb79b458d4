"""Rules for services that look at a link for others: previews, monitors and scanners."""

from app.verdicts.rule import Rule

_ANYWHERE = "(?i)(?:{})"
_WORD = r"(?i)(?:^|[^a-z0-9])(?:{})(?:[^a-z0-9]|$)"
_AT_START = "(?i)^(?:{})"

LINK_PREVIEW = Rule(
    name="link-preview",
    kind="preview",
    looks_at="names of messengers, networks and office programs in the user agent",
    why="a link is shown with title and picture as it is posted, before anybody follows it",
    source="pages of Meta, X, LinkedIn, Slack, Discord, Telegram, Microsoft, LINE, Kakao",
    version=1,
    patterns=(
        _ANYWHERE.format(
            "facebookexternalhit|facebookcatalog|Facebot|meta-externalhit|Twitterbot|LinkedInBot|"
            "Slackbot|Slack-ImgProxy|Discordbot|TelegramBot|SkypeUriPreview|Cardyb|redditbot|"
            "Pinterestbot|kakaotalk-scrap|kakaostory-og|line-poker|vkShare|OdklBot|Iframely|"
            "Embedly|BingPreview|Google Web Preview|developers\\.google\\.com/\\+/web/snippet|"
            "Google-PageRenderer|MicrosoftPreview|Snap ?URL ?Preview|Quora Link Preview|"
            "Yahoo Link Preview|Yahoo:LinkExpander|Mattermost-Bot|ClickUpLinkUnfurler|"
            "EvernoteRichLinkBot|BufferLinkPreviewBot|Chatwork LinkPreview|DingTalkBot|"
            "Bitrix link preview|Discourse Forum Onebox|GroupMeBot|Google-Chat|TeamsBot|"
            "Lark(?:UrlPreview|bot)|Feishu-?Bot|Synology ?Chat|Misskey/|Summaly|Pleroma|Akkoma|"
            "Friendica|gotosocial|BeeperBot|matrix-media|Synapse \\(bot|ZulipURLPreview|unfurl|"
            "link-?preview|url-?preview|rich-?link"
        ),
        _AT_START.format(
            "WhatsApp/|Viber(?:/[\\d.]+)?$|Telegram$|Outlook-(?:iOS|Android)/|"
            "Microsoft-WebDAV|Notion/|Mattermost/|Iframely|Rocket\\.Chat|"
            "ZoomWebhook|Zoom Marketplace"
        ),
        r"(Mastodon)/[^ ]+ \(http",
        r"\((Mastodon)/",
        r"(?i)^(Microsoft Office)(?:/| Existence| Protocol| \w+ 20\d\d)",
        # What Office 2016 and later send as a link in a document is opened.
        r"(?i)(ms-office); MSOffice 1[6-9]",
        r"(?i)compatible; (ms-office)",
        r"\(Macintosh; Intel Mac OS X\) (?:Word|Excel|PowerPoint|Outlook)/1\d",
    ),
)

MONITOR = Rule(
    name="monitor",
    kind="bot",
    looks_at="names of uptime, load and speed checks in the user agent",
    why="somebody has a machine see whether the link works",
    source="Kubernetes, AWS, Prometheus, Zabbix, UptimeRobot, Datadog and others: their documents",
    version=1,
    patterns=(
        _ANYWHERE.format(
            "kube-probe|ELB-HealthChecker|GoogleHC|Route53-Health-Check|GoogleStackdriver|"
            "Health-?Check|Uptime-?Robot|Pingdom|StatusCake|Site24x7|Uptime-Kuma|"
            "NewRelic|DatadogSynthetics|Datadog|Zabbix|Nagios|check_http|Blackbox[ -]Exporter|"
            "Checkly|Catchpoint|ThousandEyes|DynatraceSynthetic|RuxitSynthetic|Dynatrace|"
            "Chrome-Lighthouse|GTmetrix|PageSpeed|Page Speed Insights|WebPageTest|PTST[ /]|"
            "DebugBear|DareBoost|YottaaMonitor|Neustar WPM|\\(?iplabel;|Rigor\\)|PerfMonitor|"
            "internetVista|Alertra|AlertSite|DejaClick|GomezAgent|Site ?Confidence|Nodemeter|"
            "SiteMonitor|HTTPMon|Monit/|Munin|Xymon|bbtest-net|Server ?Density|LogicMonitor|"
            "PRTG|BetterUptime|Better ?Stack|Freshping|HetrixTools|OhDear|Updown\\.io|Cronitor|"
            "CloudflareObservatory|CloudflareDiagnostics|Shoppimon|Anturis|Collectd|Observatory/|"
            "SpeedCurve|Calibre|Sitespeed\\.io|Yellow ?Lab|ApacheBench|Siege/|JMeter|"
            "Gatling|autocannon|WebLOAD|LoadRunner|BlazeMeter"
        ),
        _AT_START.format(
            "Prometheus/|k6/|wrk/|hey/|Locust|vegeta|Artillery|Consul Health|HAProxy|Varnish|"
            "nginx-|Envoy/|traefik"
        ),
    ),
)

MAIL_SCANNER = Rule(
    name="mail-scanner",
    kind="scanner",
    looks_at="names of mail gateways and image proxies of mail in the user agent",
    why="a gateway follows the links of a mail before its reader sees it",
    source="what gateways of Barracuda, Mimecast, Proofpoint, Microsoft, Cisco are known to send",
    version=1,
    patterns=(
        _ANYWHERE.format(
            "Barracuda|Mimecast|Proofpoint|Urldefense|SafeLinks|Microsoft ?Defender|IronPort|"
            "Cisco ?(?:Umbrella|Talos)|Symantec|MessageLabs|huaweisymantec|Forcepoint|Websense|"
            "Sophos|Fortinet|FortiGuard|Zscaler|Kaspersky Lab|"
            "Vade ?Secure|Hornetsecurity|SpamTitan|Cloudmark|Agari|Abnormal Security|"
            "GoogleImageProxy|YahooMailProxy|SeznamEmailProxy|RamblerMail|mail\\.ukr\\.net|"
            "Mail\\.?Scanner|MailChannels|SpamAssassin|rspamd|ClamAV|virustotal|urlscan|"
            "PhishTank|PhishBucket|Netcraft|Google-Safety|Bluecoat|Blue Coat|WebCheck|"
            "Cerberian|K7MLWCBot|AhnLab|DrWeb|Dr\\.Web|Alibaba\\.Security|Exchange check"
        ),
    ),
)

SECURITY_SCANNER = Rule(
    name="security-scanner",
    kind="scanner",
    looks_at="names of scanners of ports, sites and certificates in the user agent",
    why="machines are searched for weaknesses, whatever they serve",
    source="Nmap, sqlmap, Nuclei, ZGrab, Censys, Shodan, Nikto, Burp and others: their documents",
    version=1,
    patterns=(
        _ANYWHERE.format(
            "Nmap|sqlmap|nuclei|zgrab|masscan|Nikto|WPScan|Acunetix|Nessus|OpenVAS|Arachni|"
            "Burp ?Collaborator|burpcollaborator|DirBuster|gobuster|feroxbuster|Fuzz Faster|ffuf|"
            "wfuzz|Jorgee|ZmEu|Censys|Shodan|Palo Alto Networks|CortexXpanse|"
            "InternetMeasure|NetSystemsResearch|l9explore|l9tcpid|l9scan|LeakIX|Qualys|Detectify|Assetnote|"
            "BitSight|SecurityScorecard|RiskRecon|UpGuard|project_patchwatch|OnlyScans|xtate/|"
            "infrawatch|ducks\\.party|Laravel Reaver|pathscan|foda-scanner|Odin;|ModatScanner|"
            "TLSProbe|SSL ?Labs|SSLMate|Let's Encrypt|DigiCert|Keydrop|UCSBNetworkMeasurement|"
            "research-?scan|Stretchoid|Hadrian|Rapid7|Metasploit|Havij|commix|XSStrike|"
            "/bin/(?:ba)?sh|\\$\\{jndi|<script|union select|select load_file|\\.\\./\\.\\."
        ),
        _WORD.format("vulnerability|pentest|exploit"),
    ),
)
