#!/usr/bin/env node
import { makeIo } from './io.ts';
import { runCli } from './program.ts';

const { stdin, stdout, stderr } = process;
process.exitCode = await runCli(process.argv.slice(2), makeIo({ stdin, stdout, stderr, cwd: process.cwd() }));
