// Before the first paint: the appearance chosen earlier, so that the page never flashes in the other one.
try {
  const chosen = localStorage.getItem('weir.appearance');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is blocked: the system's appearance it is.
}
