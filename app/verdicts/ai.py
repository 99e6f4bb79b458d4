"""Rules for programs of AI companies, by the names that these publish.

What is told apart is what the vendors do themselves: reading pages to train models, reading them
for an index that answers name as a source, and fetching one because a person has just asked.
"""

from app.verdicts.rule import Rule

#: In any letters, bare or within a browser's user agent. Ends where a name can't go on.
_NAME = r"(?i)(?:^|[^a-z0-9-])(?:{})(?:[^a-z0-9-]|$)"
#: What is also a word of people's apps: only where nothing else is said, or behind a browser's.
_ONLY_OR_LAST = r"(?i)(?:^|Safari/[\d.]+ |compatible; ?)(?:{})(?:/[\d.]+)?(?:\)?$|;)"

AI_AGENT = Rule(
    name="ai-agent",
    kind="agent",
    looks_at="names of AI agents in the user agent",
    why="a person has just asked the agent, which reads the page in their place",
    source="crawler pages of OpenAI, Anthropic, Perplexity, Google, Mistral, Amazon, Meta, Manus",
    version=1,
    patterns=(
        _NAME.format(
            "ChatGPT[- ]User|ChatGPT[- ]Agent|ChatGPT-Operator|Claude-User|Claude-Code|"
            "Perplexity-?User|MistralAI-User|Gemini-Deep-Research|Google-Agent|"
            "GoogleAgent-Mariner|Google-NotebookLM|NotebookLM|Google-Gemini-CLI|Google-Read-Aloud|"
            "Meta-ExternalFetcher|Amzn-User|AmazonBuyForMe|NovaAct|"
            "Amazon-Bedrock-AgentCore-Browser|Manus-User|DuckAssistBot|IsonAI-User|Shap-User|"
            "Cohere-AI|Kagi-Fetcher|Poggio-Citations|PhindBot|Linkup-?Bot|TavilyBot|TwinAgent|"
            "opencode|opencode-smartfetch|xAI-Agent|Grok-User|DeepSeek-User|Qwen-User|Kimi-User|"
            "AgentTimes|BrowserUse|browser-use|Anchor Browser|You-User|Bing-User|Copilot-User"
        ),
        _ONLY_OR_LAST.format("Operator|Devin|Trae|Code|OpenAI|Cursor-Agent|Comet-Agent"),
    ),
)

AI_SEARCH = Rule(
    name="ai-search",
    kind="bot",
    looks_at="names of AI search indexers in the user agent",
    why="an index for answers is read ahead of any question",
    source="crawler pages of OpenAI, Anthropic, Perplexity, Meta, Amazon, Apple and others",
    version=1,
    patterns=(
        _NAME.format(
            "OAI-SearchBot|OAI-AdsBot|Claude-SearchBot|PerplexityBot|meta-webindexer|"
            "Amzn-SearchBot|AzureAI-SearchBot|Applebot|YouBot|Andibot|iAskBot|iaskspider|LinerBot|"
            "ExaBot|Bravebot|Aranet-SearchBot|Cloudflare-AutoRAG|amazon-kendra|bigsur\\.ai|"
            "ZanistaBot|QualifiedBot|WRTNBot|Google-CloudVertexBot|CloudVertexBot|bedrockbot|"
            "Amazonbot|xAI-SearchBot|GrokBot|ShapBot|KlaviyoAIBot|atlassian-bot|AddSearchBot|"
            "IbouBot|newsai|Anomura|TerraCotta|Terra Cotta|Google-Firebase|PetalBot"
        ),
    ),
)

AI_CRAWLER = Rule(
    name="ai-crawler",
    kind="bot",
    looks_at="names of AI crawlers in the user agent",
    why="pages are read to train models, not for a person",
    source="crawler pages of OpenAI, Anthropic, Google, Meta, Common Crawl and others",
    version=1,
    patterns=(
        _NAME.format(
            "GPTBot|ClaudeBot|Claude-Web|anthropic-ai|Google-Extended|GoogleOther(?:-\\w+)?|"
            "meta-externalagent|FacebookBot|Bytespider|TikTokSpider|CCBot|AI2Bot(?:-\\w+)?|"
            "Applebot-Extended|cohere-training-data-crawler|Diffbot|omgili(?:bot)?|webzio(?:-\\w+)?|"
            "ImagesiftBot|img2dataset|Timpibot|VelenPublicWebCrawler|PanguBot|DeepSeekBot|"
            "ChatGLM-Spider|SBIntuitionsBot|Kangaroo Bot|Cotoyogi|Crawlspace|FirecrawlAgent|"
            "Crawl4AI|ApifyBot|ApifyWebsiteContentCrawler|laion-huggingface-processor|"
            "LAIONDownloader|Spawning-AI|Panscient(?:\\.com)?|Awario\\w*|EchoboxBot|QuillBot|"
            "quillbot\\.com|YandexAdditional(?:Bot)?|xAI-Bot|Together-Bot|ICC-Crawler|Thinkbot|"
            "Sidetrade indexer bot|Datenbank Crawler|YaK|Factset_spyderbot|HenkBot|BuddyBot"
        ),
    ),
)
