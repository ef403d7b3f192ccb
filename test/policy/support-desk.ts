/** A small support desk: what the tests here mean by a manifest that is right. */
export const SUPPORT_DESK = `version: 1
principals: { desk: {} }
tags:
  customer:*: { kind: secrecy, owner: desk }
  vetted: { kind: integrity, owner: desk }
compartments:
  summarise: { wasm: ./summarise.wasm, clearance: { secrecy: ["customer:*"] } }
  classify: { wasm: ./classify.wasm, clearance: { secrecy: ["customer:*"] } }
  format: { wasm: ./format.wasm, clearance: { secrecy: ["customer:*"] } }
  count: { wasm: ./count.wasm, clearance: { secrecy: ["customer:*"] } }
  redact:
    wasm: npm:redact/redact.wasm
    clearance: { secrecy: ["customer:*"] }
    grants: ["customer:*-"]
    gates:
      redact: { declassify: ["customer:*"], requires: { integrity: [vetted] }, budget: { calls: 100/min } }
  notify: { wasm: ./notify.wasm, resources: [webhook] }
links:
  - { from: summarise, import: "desk:text/classify", to: classify }
  - { from: summarise, import: "desk:out/notify", to: notify }
  - { from: notify, import: "desk:out/webhook", to: webhook, post: true }
resources:
  tickets: { fs: ./tickets, label: { secrecy: ["customer:{dir}"] } }
  webhook: { function: true }
forbid: ["customer:* -> webhook except redact"]
`;
