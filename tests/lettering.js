// The texts of figures that are smaller than 9 CSS pixels, and pairs of them that overlap.
(() => {
  const found = [];
  for (const svg of document.querySelectorAll("figure svg[viewBox]")) {
    if (!svg.getClientRects().length) continue;
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const texts = [...svg.querySelectorAll("text")].map(node => ({
      words: node.textContent, box: node.getBoundingClientRect(), size: parseFloat(getComputedStyle(node).fontSize) * scale}));
    found.push(...texts.filter(text => text.size < 9).map(text => `${text.size.toFixed(1)} px: ${text.words}`));
    texts.forEach(({words, box: a}, i) => found.push(...texts.slice(i + 1).filter(({box: b}) =>
      Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)
      .map(other => `${words} / ${other.words}`)));
  }
  return found;
})()
