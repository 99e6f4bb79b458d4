-- wrk asks for each of the links in turn and prints its figures as one line of JSON.
-- Arguments after the URL: the prefix of the short codes and how many there are.

local requests, last = {}, 0

function init(args)
    for number = 0, tonumber(args[2]) - 1 do
        requests[#requests + 1] = wrk.format("GET", "/" .. args[1] .. number)
    end
end

function request()
    last = last % #requests + 1
    return requests[last]
end

function done(summary, latency)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.write(string.format(
        '\n{"requests": %d, "seconds": %.6f, "errors": %d, "p50_ms": %.3f, "p99_ms": %.3f, "p999_ms": %.3f}\n',
        summary.requests, summary.duration / 1e6, failed,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3))
end
