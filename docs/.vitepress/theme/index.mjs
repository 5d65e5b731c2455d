/** VitePress's theme, without fonts of its own, and what pages of this site add to it. */
import DefaultTheme from "vitepress/theme-without-fonts";
import LivePoints from "./LivePoints.vue";
import TableFilter from "./TableFilter.vue";
import VegaChart from "./VegaChart.vue";
import "./style.css";

export default {
  extends: DefaultTheme,
  enhanceApp({ app, router }) {
    if (!import.meta.env.DEV && !import.meta.env.SSR) loadPagesAnew(router);
    app.component("LivePoints", LivePoints);
    app.component("TableFilter", TableFilter);
    app.component("VegaChart", VegaChart);
  },
};

/** URLs in a page are relative to it, so another page is loaded, not drawn into this one. */
function loadPagesAnew(router) {
  let isFirst = true;
  router.onBeforeRouteChange = (to) => {
    if (!isFirst) window.location.assign(to.replace(/\/(?=$|[?#])/, "/index.html"));
    const goesOn = isFirst;
    isFirst = false;
    return goesOn;
  };
}
