// A process that runs jobs with one build of the package and one instruction set, and does nothing between two
// requests: builds and widths are compared by asking their workers in turn. Started by workers.mjs with the build's
// folder.
import { buildAt } from "./build.mjs";
import { CHOICE_JOBS } from "./choicejobs.mjs";
import { FEWER_JOBS } from "./fewerjobs.mjs";
import { JOBS } from "./jobs.mjs";
import { best, othersShare, setThreadCount } from "./measure.mjs";

const KINDS = { ...JOBS, ...FEWER_JOBS, ...CHOICE_JOBS };

const build = buildAt(process.argv[2]);
setThreadCount(build.settings.threads);
const prepared = new Map();

const ANSWERS = {
  about: () => {
    const { threads, instructionSet, lapack } = build.settings;
    return { threads, isa: instructionSet, lapack: lapack === "off" ? null : lapack };
  },
  /** Makes what a job needs and runs it once, so that everything is compiled and warm. */
  prepare: async ({ id, job }) => {
    const made = await KINDS[job.kind](build, job);
    prepared.set(id, made);
    return made.facts ?? {};
  },
  /** Best seconds of each call of a job, one after the other. */
  time: ({ id, seconds }) => {
    const { calls, around = (call) => call() } = prepared.get(id);
    const times = around(() =>
      Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, best(call, seconds)])),
    );
    return { times, others: othersShare() };
  },
  forget: ({ id }) => {
    prepared.delete(id);
    return {};
  },
};

process.on("message", async (request) => {
  try {
    process.send({ answer: await ANSWERS[request.do](request) });
  } catch (error) {
    process.send({ error: String(error?.message ?? error) });
  }
});
