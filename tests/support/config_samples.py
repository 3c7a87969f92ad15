"""Configuration files that are right: one with every section, one that only plans with its own offers."""

FULL = """\
version: 1
service:
  name: image-classifier
  setup: uv sync
  command: uvicorn app:app --port $PORT
  ready: http://127.0.0.1:$PORT/healthz
tests:
  command: pytest -q tests --junitxml=$AIOPS_JUNIT
  gates: {accuracy: ">= 0.97"}
benchmarks:
  classify:
    http: {method: POST, url: "http://127.0.0.1:$PORT/v1/classify", payloads: "payloads/*.json"}
    slo: {p99: 50ms, errors: 0.1%}
capacity:
  demand: 2000/s
  slo: {p99: 100ms}
  catalog: {clouds: {aws: [us-east-1], gcp: [us-central1]}, families: [c7i, c7a, m7i, c3, n2, n2d], max_vcpus: 32}
  purchase: [on_demand, reserved_1y, reserved_3y, spot]
  survive: zone
  limits: {budget: 5000 USD/month, spot_share: 50%, quotas: {"aws/us-east-1/c7i.*": 64}}
report:
  store: git:aiops-reports
  fail_on: [tests, gates, regression]
"""

OFFERS = """\
version: 1
capacity:
  demand: {short: 8/s, long: 2/s}
  offers:
    - {name: A10G, price: 1.01 USD/h, capacity: {short: 4/s, long: 0.5/s}, max: 20}
    - {name: A100, price: 3.67 USD/h, capacity: {short: 20/s, long: 8/s}}
"""
