// What a page of `npm run check:lab` holds: JupyterLab's area of outputs with its renderers.
import { OutputAreaModel, SimplifiedOutputArea } from "@jupyterlab/outputarea";
import "@jupyterlab/outputarea/style/base.css";
import { RenderMimeRegistry, standardRendererFactories } from "@jupyterlab/rendermime";
import "@jupyterlab/rendermime/style/base.css";
import vega from "@jupyterlab/vega5-extension";
import "@jupyterlab/vega5-extension/style/base.css";
import { Widget } from "@lumino/widgets";

/** Shows the outputs of a notebook below each other. */
globalThis.show = (outputs) => {
  const rendermime = new RenderMimeRegistry({ initialFactories: standardRendererFactories });
  for (const { rendererFactory, rank } of [vega].flat()) rendermime.addFactory(rendererFactory, rank);
  const model = new OutputAreaModel({ trusted: true, values: outputs });
  Widget.attach(new SimplifiedOutputArea({ model, rendermime }), globalThis.document.body);
};
