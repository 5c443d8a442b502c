// What the page asks its server.  Addresses are relative: the token stands before them.
async function checked(response) {
  if (response.ok) return response;
  const text = await response.text();
  let line = text.trim();
  try {
    line = JSON.parse(text).error;
  } catch {
    // A refusal of the guard is plain text.
  }
  throw new Error(line || `The server answered ${response.status}.`);
}

async function asked(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is bench paint still running?");
  }
  return checked(response);
}

export const get = async (path) => (await asked(path)).json();

const posted = (path, value, signal) => asked(path, {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value),
  signal,
});

export const post = async (path, value) => (await posted(path, value)).json();

export async function postFile(path, query, file) {
  const options = {
    method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file,
  };
  return (await asked(`${path}?${new URLSearchParams(query)}`, options)).json();
}

// Calls onEvent with every line of the answer; `signal` ends it, and the work behind it.
export async function stream(path, value, signal, onEvent) {
  const reader = (await posted(path, value, signal)).body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value: bytes } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop();
    lines.forEach((line) => onEvent(JSON.parse(line)));
  }
}
