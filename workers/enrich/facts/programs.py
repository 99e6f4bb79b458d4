"""Names of programs and applications that uap-core takes from the user agent's own letters.

A name of one of these passes; others that a visitor may have made up are "other". The crawlers of
crawler-user-agents (MIT) are known beside them. Source: the families of uap-core's own tests
(Apache-2.0).
"""

from workers.enrich.facts.words import words

PROGRAMS = words("""
    008 | 1470.net crawler | 3 Robot | 449 Overture-WebCrawler | 50.nu | 80bot | 8webcrawler
    A6-Indexer | Accoona-AI-Agent | Accoona-Biz-Agent | acedo crawler | acquia-crawler
    AcquiaCrawler | AcquiloSpider | Adaxas Spider | AddSugarSpiderBot | AdnormCrawler | adspider
    AESOP_com_SpiderMan | agbot | AISearchBot | Aleksika Spider | Altresium | AmorankSpider
    amphetameme crawler | Analyzer Crawler | AngryBirdsBlack | AnomaliesBot | Ant-Nutch
    ANTIPLAG SPIDER | Apexoo Spider | AppCodes crawler | ArchitextSpider | archive.bibalex.org_bot
    archive_crawler | Argus | Arikus_Spider | Asterias Crawler | AstraSpider | audioCrawlerBot
    Automattic Analytics Crawler | Autonomy Spider | awesomebar_scraper | Axadine Crawler
    ayna-crawler | BabalooSpider | babbelIndonesian | BacklinkCrawler | BaiduImagespider
    BaiduMobaider | BaiDuSpider | baiduspider | Baiduspider-cpro | Baiduspider-image
    baiduspider-mobile-gate | Baiduspider-testbranch | BarraHomeCrawler | BebopBot
    Beehive Crawler | BeijingCrawler | BejiBot | bendercrawler | beta crawler | Bing for iPad
    BIXOCRAWLER | blackspider | BlinkaCrawler | blog_crawler | BlogRangerCrawler | bmdspider
    BoardReader | boitho crawler | Bot Blocker Crawler | BOTW Spider | BravoBrian SpiderEngine
    Brekiri crawler | BrightCrawler | BT Crawler | BuildCMS crawler | BurstFind Crawler
    BurstFindCrawler | ByWebSite-Search-Spider | ca-crawler | CamontSpider | Catchpoint bot
    CazoodleBot | CFG_SPIDER_USER_AGENT | cis455crawler | CloudServerMarketSpider
    Cloudview Crawler | CMS crawler | CMS Crawler | com WebBot | Comodo HTTP(S) Crawler
    Comodo Spider | Comodo-Certificates-Spider | compatible crawler | CompSpyBot
    Computer_and_Automation_Research_Institute_Crawler | Connector Spider | Content Crawler
    ConveraMultiMediaCrawler | Cooliris | CosmixCrawler | CowCrawler | CrawlBot | CrawlerBoy
    Crawllybot | CrawlWave | Crawly | Crawlzilla | Crayon Crawler | CRAZYWEBCRAWLER | CydralSpider
    DataparkSearch | Daumoa-feedfetcher | dCrawlBot | DealGates Bot | deepcrawler
    DefaultCrawlTest | Denodo IECrawler | DEPoker | DNSGroup | DomainCrawler | Door Spider
    DotSpotsBot | DoubleVerify Crawler | DRKSpider | dtSearchSpider | EasouSpider | echocrawl
    EcoGrader Crawler | EDI | Engage Crawler | Engine Spider | enicura crawler | envolk
    envolk[ITS]spider | ERACrawler | es-spider | eseek-crawler | ESPN | EventGuruBot
    EverbeeCrawler | Ex-Crawler | ExactSeek Crawler | ExactSeek_Spider | ExactSeekCrawler
    ExB Language Crawler | exooba crawler | FANGCrawl | FAST Crawler | FAST EnterpriseCrawler
    FAST FreshCrawler | FAST-mSEARCH Crawler | FastCrawler3 | fastlwspider | FASTMobileCrawl
    FatBot | Feedjit Favicon Crawler | Findexa Crawler | flatlandbot | FlaxCrawler
    Fluffy the spider | FreeCrawl | Fujiko Spider | FunkyCrawler | FyberSpider | GeekTools Crawler
    GematchCrawler | GetMeLinked Spider | Glo-De | Gnam Spider | GoGuidesBot | Goodzer
    Googlebot-richsnippets | GoScraper | GrowerIdeas Crawler | Grub | GSiteCrawler | Hailoobot
    Hatena::Crawler | haupia-crawler | hitcrawler_0 | HiveCrawler | Host-Spy Crawler
    HPI FeedCrawler | HRCrawler | HttpSpider | Huaweisymantecspider | HuaweiSymantecSpider
    i1searchbot | iaskspider2 | IlTrovatore | IlTrovatore-Setaccio | Imperia-LinkSpider
    IMPlusFull | Impressumscrawler | Inar_spider2 | info Crawler | Infocrawler | Infohelfer
    INGRID | Inspyder-Crawler | Internet Crawler | Internet Spider | ip-web-crawler | Iplexx Spider
    Island for iPhone | ISSpider | IssueCrawler | it-Crawler | IWE Spider | IXE Crawler | Jambot
    Jaxified Crawler | Jayde Crawler | JDSports | JikeSpider | jikespider | JobSpider_BA
    Jomjaibot | jrCrawler | JUST-CRAWLER | KDDI-Googlebot-Mobile | KIT webcrawler | Kotoss Crawler
    kototoi-crawl | Kyluka crawl | Kyoto-Crawler | LarbinWebCrawler | LargeSmall Crawler
    LB-Crawler | lb-spider | ldspider | lemurwebcrawler | Lightningspider | LikaholixCrawler
    Link Crawler | LinksCrawler | Lipperhey Spider | Liquida Spider | lmspider | LNSpiderguy
    loc-crawl | loc-crawler | Logict IPv6 Crawler | LookUpCrawler | LOOQ | LSSRocketCrawler
    lworld spider | lworldspider | ly spider | Lycos_Spider_ | m65bot | mCrawler | Media Crawler
    media-percbotspider | Medialab Spider | MedSpider | MetaCrawler | MetaGeneratorCrawler
    MetamojiCrawler | METASpider | MetaWeb Crawler | Microsoft Bing Mobile SocialStreams Bot
    Microsoft MSN SocialStreams Bot | MicrosoftPrototypeCrawler | moba-crawler | mobile crawler
    Mobile Spider1 | MobileRSSFree | MonkeyCrawl | Mozilla crawl | Mozilla-Firefox-Spider
    MPICrawler | MQbot | MSIndianWebcrawl | MSR-ISRCCrawler | MultiCrawler | MXit WebBot
    My Spider | MySpaceScraper | n4p_bot | na-Webcrawler | NalezenCzBot
    NationalDirectory-WebSpider | Netchart Adv Crawler | Netseer crawler | NetWhatCrawler
    New-Sogou-Spider | NewsGator | NewsGator FetchLinks extension | NewsGatorOnline | NewzCrawler
    NightstandPaid | NimbleCrawler | NL-Crawler | NLCrawler | NMG Spider | NodejsSpider
    None-Crawler | Noobot | Norbert the Spider | noxtrumbot | Nusearch Spider | NuSearch Spider
    nuSearch Spider | Nutch; http: | NutchOrg | NutchOSUOSL | NWSpider | nyobot | OMGCrawler
    omgilibot | OmniExplorer_Bot | OpenCrawler | OpenindexSpider | OpenWebSpider | OpenX Spider
    Orgbybot | Overture-WebCrawler | parallelContextFocusCrawler1 | PArchiveCrawler
    Parking Mania Free | PartnerSite Crawler | PathDefender | Patwebbot | PDFBot
    PeerFactor Crawler | Peew | PercolateCrawler | persomm-spider | Pete-Spider | PhoenixWebBot
    PicSpider | Pinterest | PipeLine Spider | Planet Boing! | PlayTube | PluckItCrawler | Poof
    PornSpider | PortalBSpider | PostPost | pregnancycrawler | ProCogBot
    ProjectWF-java-test-crawler | ProloCrawler | PsSpider | ptd-crawler | pub-crawler | Punk Spider
    pythonic-crawler | QuickFinder Crawler | rating crawler | RDF crawler | Reader Notifier
    ReadPath_Spider | Research Crawler | Research spider | RoboCrawl | RSpider | RSS Crawler
    RSS-SPIDER | RSScrawler | RSSIncludeBot | Rummy LITE iPad | Runet-Research-Crawler
    RyzeCrawler | Safari | SandCrawler | Sangfor Spider | SAS Crawler | SCrawlTest | ScreenerBot
    ScSpider | search crawler | Searchspider | SearchSpider | SeekOn Spider | semantics webbot
    Server Crawler | sgbot | SheenBot | Shim-Crawler | SiteCrawler | Sitespider | SlugBug Spider
    SmartAndSimpleWebCrawler | SMXCrawler | socialbm_bot | Socialradarbot | SocialSpider
    Sogou develop spider | Sogou head spider | Sogou Orion spider | Sogou Push Spider
    Sogou-Test-Spider | Sosoblogspider | Sosoimagespider | SpeedySpider | Spider_Monkey | SpiderKU
    Spiderlytics | SpiderMan | spiderpig | SpiderView | SpokeSpider | sproose | SRCCN!Spider
    ssearch_bot | SSL-Crawler | Steeler | StoneSunSpider | StreamScraper | Student Spider
    suggybot | SuperSpider | SWAT Crawler | SWEBot | Symfony Spider | Synthesio Crawler
    T3census-Crawler | TAMU_CS_IRL_CRAWLER | Tasapspider | TayaCrawler | tCrawler | TECOMAC-Crawler
    TelemetrySpider2 | Theme Spider | Thesis_php_crawler | Thumbshots.ru | tivraSpider
    Toms Spider | Top10Ranking Spider | TouTrix crawler | TridentSpider | TTop-Crawler
    Tutorial Crawler | Twitmunin Crawler | TwitSpider | TwitterCrawler | UCMore Crawler | uMBot
    unchaos_crawler_2 | UnisterBot | UOLCrawler | updated crawler | URLfilterDB-crawler
    US-Crawler | Using Fast Enterprise Crawler | vertical-crawl | VinjaVideoSpider | VisBot
    VM-Crawler | VodpodCrawler | voyager | VSE | WangIDSpider | WASALive Bot | Web-Robot
    WebAlta Crawler | WEBB Crawler | Webbot | WebCompanyCrawler | WebCrawler | WebCrunch
    WebIndexer | Webspider | WebVulnCrawl | WebZIP | WeltMobile | WinkBot | WinWebBot
    Wireless Crawler | wminer | Wocodi Web Crawler | WordSurfer Spider | WormsiPhone | WSDL Crawler
    WSDLSpider | wume_crawler | www.almaden.ibm.com | X-Crawler | Xaldon WebSpider
    Xenu's Link Sleuth | Xerka WebBot | XSpider | XYZ Spider | Y!J-BRI | Y!J-BRW | Yahoo-MMCrawler
    Yahoo-Newscrawler | Yahoo-VerticalCrawler-FormerWebCrawler | YebolBot | Yet-Another-Spider
    YFSJ crawler | YodaoBot | YodaoBot-Image | YoonoCrawler | yp-crawl | YRL_ODP_CRAWLER | YRSpider
    yrspider | ysm-keystone-crawl | Zao | zcspider | ZeBot_www.ze.bz | ZemlyaCrawl | Zeusbot
    ZIBB Crawler | ZillaCrawler | ZoomSpider | Zspider | zyklop-crawler
""")
