-- With an argument, every request asks for a module of another owner below that path. Either way the last line of the output is
-- what the load came to, for wrk.rs to read.

function init(args)
  local below = args[1]
  if below then
    local count = 0
    request = function()
      count = count + 1
      return wrk.format(nil, below .. count .. "/module/@v/list")
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("load %d %d %d %d %d\n", summary.requests, summary.bytes, broken, errors.status, latency:percentile(99.0)))
end
