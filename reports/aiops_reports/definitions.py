"""What each figure of a load point means, in one sentence; pages show it beside the figure."""

EVIDENCE = (
    "S, T and P = S/T are three views of one measurement, not three pieces of evidence: in closed loop T = N/S by "
    "Little's law, in open loop below capacity S is the offered rate."
)
HEADLINE = (
    "The response time counts from the moment a request was due (open loop) or from its first byte sent (closed loop) "
    "to its last byte received."
)

DEFINITIONS = {
    "S": "Throughput: requests answered successfully inside the window, divided by the window",
    "T": "Mean response time, from the intended time of sending (open loop) or the first byte sent (closed loop)",
    "P": "Power: S divided by the mean T; largest at the knee of the curve",
    "p50": "Half of the requests were answered within this time",
    "p90": "90 % of the requests were answered within this time",
    "p95": "95 % of the requests were answered within this time",
    "p99": "99 % of the requests were answered within this time",
    "errors": "Requests that did not succeed, of every kind",
    "in flight": "Mean number of requests under way at once",
    "goodput": "Requests that met every limit of the objective, divided by the window",
    "attainment": "Share of all issued requests that met every limit of the objective; errors are misses",
    "steadiness": "Whether response time and throughput kept their level after warm-up",
    "warm-up": "What was dropped at the start of the load, before the window",
    "window": "How long the load was held and measured, after warm-up",
    "send lag": "Delay between intended and real sending: the generator's own precision",
    "connect": "Time to open a connection, over the requests that had to",
    "first byte": "From the first byte sent to the first byte received",
    "last byte": "From the first byte sent to the last byte received: the service time",
    "CPU": "CPU seconds of the service and its child processes for one successful request",
    "memory": "Largest resident memory of the service and its child processes",
    "generator": "Share of one core that each process of the load generator used",
    "generator memory": "Largest resident memory of the load generator",
    "processes": "Processes of the load generator",
    "GPU": "Mean utilisation of the visible GPUs",
    "GPU memory": "Largest memory in use on the visible GPUs",
    "GPU power": "Mean electrical power of the visible GPUs",
    "TTFT": "Time from the first byte sent to the first token of the answer",
    "intended TTFT": "Time from the moment the request was due to the first token of the answer",
    "TPOT": "Time per output token after the first: (last byte − first token) / (tokens − 1)",
    "ITL": "Gap between two chunks of an answer, over all gaps of all answers",
    "tokens/s": "Output tokens of the answers that ended inside the window, divided by the window",
    "output tokens": "Output tokens by the server's own count",
    "input tokens": "Tokens of the prompts by the server's own count",
    "no usage": "Answers for which the server sent no count of tokens",
    "capacity": "The largest rate of requests that was offered and answered within the objective",
}
