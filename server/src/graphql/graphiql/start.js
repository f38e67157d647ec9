"use strict";

// The dialogs of GraphiQL make styles of their own, and ask for their nonce so.
globalThis.__webpack_nonce__ = document.currentScript.dataset.styles;

// Told from where the page is, so that it works wherever it is mounted.
const PLACE = "graphql";
const FIRST = `# Where somebody has to say who they are:
# {"Authorization": "Bearer …"} under Headers.
{
  tasks(limit: 5) {
    taskId
    fullName
    status
  }
}
`;

function follows(params, document) {
  const named = (one) => !params.operationName || one.name?.value === params.operationName;
  return document.definitions.some((one) => one.operation === "subscription" && named(one));
}

// The answers to a subscription: events, as graphql-sse has them.
async function* answers(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const lines = event.split("\n");
        if (lines.some((line) => /^event: ?complete$/.test(line))) return;
        const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5));
        if (data.length > 0) yield JSON.parse(data.join("\n"));
      }
    }
  } finally {
    reader.cancel();
  }
}

async function fetcher(params, { headers, documentAST }) {
  const lasting = documentAST && follows(params, documentAST);
  const response = await fetch(PLACE, {
    method: "POST",
    headers: {
      ...headers,
      "Content-Type": "application/json",
      Accept: lasting ? "text/event-stream" : "application/json",
    },
    body: JSON.stringify(params),
  });
  return lasting && response.ok ? answers(response) : response.json();
}

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, { fetcher, defaultQuery: FIRST }),
);
