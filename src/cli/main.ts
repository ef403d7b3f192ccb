#!/usr/bin/env node
import { makeIo } from './io.ts';
import { flagsOf, runCli } from './program.ts';
import { EXIT, reportError } from './report-error.ts';

const argv = process.argv.slice(2);
const io = makeIo(process, process.cwd());

// A fault outside of every command is told like one inside, and its stack trace only on request.
process.on('uncaughtException', async (error) => {
  await reportError(io, error, flagsOf(argv)).catch(() => undefined);
  process.exit(EXIT.failed);
});
process.exitCode = await runCli(argv, io);
