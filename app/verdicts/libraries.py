"""Rules for programs that somebody has written: HTTP libraries, and browsers without a window."""

from app.verdicts.rule import Rule

#: Libraries, runtimes and command lines, as their user agents begin.
_AT_START = (
    r"curl|libcurl|PycURL|r-curl|nscurl|tclcurl|wget|aria2|axel|httpie|lftp|python|aiohttp|"
    r"httpx|urllib|urlgrabber|GRequests|niquests|treq|boto|botocore|Definitely-Not-Requests|"
    r"http_get|libdnf|debian apt|apk-tools|zypper|Jakarta|Apache-Http\w*|Google-HTTP-Java|"
    r"Apache CXF|Feign|RestTemplate|unirest|ReactorNetty|Netty|AHC|asynchttp\w*|okhttp|"
    r"network-okhttp|okdownload|Retrofit|volley|ktor|akka-http|pekko-http|scalaj|sttp|finagle|"
    r"http4s|clj-http|http-kit|babashka|Go-http|Go \d|gentleman|fasthttp|resty|quic-go|colly|"
    r"IPinfoClient|GuzzleHttp|Guzzle|Symfony|PHP|HTTP_Request|Zend|Laminas|Buzz|CakePHP|"
    r"WordPress|Drupal|Joomla|Slim Framework|Mandrill-PHP|vimeo\.php|Snoopy|pear|Typo3|"
    r"MatomoTracker\w*|Ruby|Faraday|Typhoeus|Mechanize|WWW-Mechanize|rest-client|HTTParty|"
    r"http\.rb|Excon|CarrierWave|EventMachine|em-http|libwww|lwp|LWP|perl(?:client)?|REST::Client|"
    r"HTTP-Tiny|AnyEvent|Mojolicious|Furl|node|axios|Java|play-?ws|undici|superagent|needle|"
    r"phin|bent|wreck|restify|request\.js|Request-Promise|electron-fetch|jsdom|Deno|Dart|dio|"
    r"reqwest|ureq|isahc|attohttpc|httprs|hackney|HTTPoison|finch|Alamofire|AFNetworking|"
    r"Swift-HTTP|RestSharp|Flurl|Refit|HttpClient|WinHttp\w*|WinInet\w*|WebClient|Embarcadero|"
    r"Indy|Synapse|cpp-httplib|cpprestsdk|libhttp|libsoup|gvfs|GStreamer|Lavf|ocaml|cohttp|"
    r"haskell|http-conduit|crystal|elixir|erlang|lua|ngx|cygwin|Emacs|URL/Emacs|Postman\w*|"
    r"insomnia|Hoppscotch|Apidog|Thunder Client|SoapUI|Bruno|RapidAPI|docker|containerd|cri-o|"
    r"buildah|buildkit|skopeo|libpod|harbor|Artifactory|kubectl|terraform|ansible|chef|puppet|"
    r"mercurial|Mikrotik|uclient|ESP32|ESP8266|Arduino|BSRPC|azsdk|google-api|gcloud|gsutil|"
    r"rclone|s3cmd|uTorrent|BTWebClient|Transmission|qBittorrent|FileDownloader|PRDownloader|"
    r"HTMLParser|trafilatura|newspaper|scrapy|kiwi-tcms|tcms-api|Hubot|ICAP|KlHttp\w*|qbhttp|"
    r"Stealer|BIC Tracker|Lodestone|webchk|Podgrab|Libsyn|Jaunt|msray|geoipupdate|Cpanel|"
    r"ultimate_sitemap\w*|pa11y|Android\.LVLDM|KaiOS Downloader|PowerShell|xmlrpc|gSOAP|SOAP|"
    r"XML-RPC|grpc|Thrift|HTTP[_ -]?Client|REST[_ -]?Client"
)
#: The same, where something is left of the name.
_STARTS = (
    r"xh/|fetch[ /]|pip/|conda/|dnf/|yum/|apt/|Jersey/|go-|req/v|hugo/|Down/|HTTP::|got[ /(]|"
    r"ky[-/]|Bun/|hyper/|surf/|tesla/|mint/|"
    r"Microsoft[ -](?:URL Control|BITS|CryptoAPI|WNS|Delivery)|neon/|serf/|Nim |Paw/|"
    r"containers/|Helm/|Nexus/|git/|git-|svn/|azure-|aws-|FDM[ /]|Invoke-"
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
    patterns=(
        f"(?i)^(?:{_AT_START})(?:[^a-z]|$)",
        f"(?i)^(?:{_STARTS})",
        f"(?i)(?:{_WITHIN})",
    ),
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
