// Players of recordings: all pictures of an article at the same frame.
for (const article of document.querySelectorAll("article.case")) {
  const data = JSON.parse(article.querySelector("script").textContent);
  const images = article.querySelectorAll("img"), slider = article.querySelector("input");
  const button = article.querySelector("button"), time = article.querySelector("output");
  const cursor = article.querySelector(".cursor"), chart = article.querySelector("svg").viewBox.baseVal;
  const last = data.seconds.length - 1;
  let timer = null;
  const show = (frame) => {
    slider.value = frame;
    images.forEach((image, panel) => { image.src = data.images[panel][frame]; });
    time.textContent = data.seconds[frame].toFixed(2) + " s";
    const x = last ? chart.width * frame / last : 0;
    cursor.setAttribute("x1", x); cursor.setAttribute("x2", x);
  };
  const stop = () => { clearInterval(timer); timer = null; button.textContent = "play"; };
  const play = () => {
    button.textContent = "pause";
    timer = setInterval(() => show(+slider.value >= last ? 0 : +slider.value + 1), 100);
  };
  button.addEventListener("click", () => timer === null ? play() : stop());
  slider.addEventListener("input", () => { stop(); show(+slider.value); });
  show(0);
}
