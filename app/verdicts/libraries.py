"""Rules for programs that somebody has written: HTTP libraries, and browsers without a window."""

from app.verdicts.rule import Rule

#: Libraries, runtimes and command lines, as their user agents begin.
_AT_START = (
    r"curl|libcurl|PycURL|r-curl|nscurl|tclcurl|wget|aria2|axel|httpie|xh/|lftp|fetch[ /]|"
    r"python|aiohttp|httpx|urllib|urlgrabber|GRequests|niquests|treq|boto|botocore|pip/|conda/|"
    r"Definitely-Not-Requests|http_get|libdnf|dnf/|yum/|debian apt|apt/|apk-tools|zypper|"
    r"Java[/ \d._-]|Java$|Jakarta|Apache-Http|Google-HTTP-Java|Apache CXF|Jersey/|Feign|"
    r"RestTemplate|unirest|ReactorNetty|Netty|AHC|asynchttp|okhttp|network-okhttp|okdownload|Retrofit|volley|ktor|"
    r"akka-http|pekko-http|play-?ws|scalaj|sttp|finagle|http4s|clj-http|http-kit|babashka|"
    r"Go-http|Go \d|go-|gentleman|req/v|fasthttp|resty|quic-go|colly|hugo/|IPinfoClient|"
    r"GuzzleHttp|Guzzle|Symfony|PHP|HTTP_Request|Zend|Laminas|Buzz|CakePHP|WordPress|Drupal|"
    r"Joomla|Slim Framework|Mandrill-PHP|vimeo\.php|Snoopy|pear|Typo3|MatomoTracker|"
    r"Ruby|Faraday|Typhoeus|Mechanize|WWW-Mechanize|rest-client|HTTParty|http\.rb|Excon|"
    r"CarrierWave|Down/|EventMachine|em-http|libwww|lwp|LWP|perl|REST::Client|HTTP-Tiny|HTTP::|"
    r"AnyEvent|Mojolicious|Furl|node|axios|got[ /(]|undici|superagent|needle|phin|bent|ky[-/]|"
    r"wreck|restify|request\.js|Request-Promise|electron-fetch|jsdom|Deno|Bun/|Dart|dio|"
    r"reqwest|ureq|hyper/|isahc|surf/|attohttpc|httprs|hackney|HTTPoison|tesla/|mint/|finch|"
    r"Alamofire|AFNetworking|Swift-HTTP|RestSharp|Flurl|Refit|HttpClient|WinHttp|WinInet|"
    r"WebClient|Microsoft[ -](?:URL Control|BITS|CryptoAPI|WNS|Delivery)|Embarcadero|Indy|"
    r"Synapse|cpp-httplib|cpprestsdk|libhttp|libsoup|gvfs|GStreamer|Lavf|neon/|serf/|ocaml|"
    r"cohttp|haskell|http-conduit|Nim |crystal|elixir|erlang|lua|ngx|cygwin|Emacs|URL/Emacs|"
    r"Postman|insomnia|Hoppscotch|Paw/|Apidog|Thunder Client|SoapUI|Bruno|RapidAPI|"
    r"docker|containerd|containers/|cri-o|buildah|buildkit|skopeo|libpod|Helm/|harbor|"
    r"Artifactory|Nexus/|kubectl|terraform|ansible|chef|puppet|git/|git-|svn/|mercurial|"
    r"Mikrotik|uclient|ESP32|ESP8266|Arduino|BSRPC|azsdk|azure-|aws-|google-api|gcloud|"
    r"gsutil|rclone|s3cmd|uTorrent|BTWebClient|Transmission|qBittorrent|FDM[ /]|"
    r"FileDownloader|PRDownloader|HTMLParser|trafilatura|newspaper|scrapy|kiwi-tcms|tcms-api|"
    r"Hubot|ICAP|KlHttp|qbhttp|Stealer|BIC Tracker|Lodestone|webchk|Podgrab|Libsyn|Jaunt|"
    r"msray|geoipupdate|Cpanel|ultimate_sitemap|pa11y|Android\.LVLDM|KaiOS Downloader|"
    r"PowerShell|Invoke-|xmlrpc|gSOAP|SOAP|XML-RPC|grpc|Thrift|HTTP[_ -]?Client|REST[_ -]?Client"
)
#: The same within a user agent that begins as a browser's.
_WITHIN = (
    r"python-(?:requests|urllib|httpx)|python[ /]\d|aiohttp/|libwww-perl|lwp-|WinHttpRequest|"
    r"PowerShell/|AnyEvent-HTTP|jsdom/|SlimerJS|pa11y|Cypress/|[ (]Java/\d|Go-http|node-fetch|"
    r"Crawlera|Zombie\.js|ZnHTTP|Indy Library|Lush Http|HttpClient|Http Client|Fetch API|"
    r"Web Services Client Protocol|GuzzleHttp|Apache-HttpClient"
)

HTTP_LIBRARY = Rule(
    name="http-library",
    kind="bot",
    looks_at="how the user agent begins, or a library within it",
    why="a program names the library it was written with; browsers have none",
    source="default user agents of the libraries, from their documents and sources",
    version=1,
    patterns=(f"(?i)^(?:{_AT_START})", f"(?i)(?:{_WITHIN})"),
)

HEADLESS = Rule(
    name="headless",
    kind="bot",
    looks_at="marks of browsers without a window, or driven by a program, in the user agent",
    why="nobody sees the page",
    source="Chromium, PhantomJS, Puppeteer, Playwright, Selenium, Qt WebKit tools: their documents",
    version=1,
    patterns=(
        r"(?i)headless|phantomjs|phantomas|puppeteer|playwright|selenium|webdriver|splash Version|"
        r"wkhtmlto|webkit2png|CasperJS|Electroshot|HtmlUnit|Browsershot|Functionize|mShots|"
        r"screenshot|screenie|webthumb|websnapr|thumbnail|web-?capture|imgsizer|wpif|Page2Images|"
        r"SnapSearch|Prerender|Rendertron|Browserless|PDFCrowd|Cloudinary",
    ),
)
