// What is shown stands in the address: a link opens the same tab, sorting, metric and filter.
function writeAddress() {
  const tabs = tabNames(), kept = new URLSearchParams();
  if (state.tab) kept.set("tab", tabs[state.tab]);
  if (state.sort.key) kept.set("sort", (state.sort.down ? "-" : "") + state.sort.key);
  if (state.metric !== DATA.primary) kept.set("metric", state.metric);
  if (state.filter) kept.set("filter", state.filter);
  const text = kept.toString();
  history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
}
function readAddress() {
  const kept = new URLSearchParams(location.hash.slice(1)), sort = kept.get("sort") || "";
  const metric = kept.get("metric");
  state.tab = Math.max(0, tabNames().indexOf(kept.get("tab")));
  state.sort = sort ? { key: sort.replace(/^-/, ""), down: sort.startsWith("-") } : {};
  state.metric = allMetrics().some((m) => m.name === metric) ? metric : DATA.primary;
  state.filter = kept.get("filter") || "";
  byId("metric").value = state.metric;
  byId("filter").value = state.filter;
}
