import type { Case } from './case.ts';
import directLeak from './cases/01-direct-leak.ts';
import twoHopLeak from './cases/02-two-hop-leak.ts';
import replyLeak from './cases/03-reply-leak.ts';
import exceptionLeak from './cases/04-exception-leak.ts';
import denialOracle from './cases/05-denial-oracle.ts';
import denialDetail from './cases/06-denial-detail.ts';
import postReceipt from './cases/07-post-receipt.ts';
import labelMetadata from './cases/08-label-metadata.ts';
import integrityLaundering from './cases/09-integrity-laundering.ts';
import lowIntegrityInput from './cases/10-low-integrity-input.ts';
import unlabelledInput from './cases/11-unlabelled-input.ts';
import crossTenant from './cases/12-cross-tenant.ts';
import stateAcrossCalls from './cases/13-state-across-calls.ts';
import gateWrongExport from './cases/14-gate-wrong-export.ts';
import gateLowIntegrityTrigger from './cases/15-gate-low-integrity-trigger.ts';
import gateBudget from './cases/16-gate-budget.ts';
import confusedDeputy from './cases/17-confused-deputy.ts';
import grantAmplification from './cases/18-grant-amplification.ts';
import revokedGrantUsed from './cases/19-revoked-grant-used.ts';
import revokeRace from './cases/20-revoke-race.ts';
import restartRegainsPrivilege from './cases/21-restart-regains-privilege.ts';
import forgedGrant from './cases/22-forged-grant.ts';
import outOfBounds from './cases/23-out-of-bounds.ts';
import doubleFetch from './cases/24-double-fetch.ts';
import sharedStateImport from './cases/25-shared-state-import.ts';
import hostileRealloc from './cases/26-hostile-realloc.ts';
import handleForgery from './cases/27-handle-forgery.ts';
import reEntrancy from './cases/28-re-entrancy.ts';
import startFunction from './cases/29-start-function.ts';
import malformedBinary from './cases/30-malformed-binary.ts';
import typeConfusion from './cases/31-type-confusion.ts';
import invalidTextAndNumbers from './cases/32-invalid-text-and-numbers.ts';
import infiniteLoop from './cases/33-infinite-loop.ts';
import memoryBomb from './cases/34-memory-bomb.ts';
import tableBomb from './cases/35-table-bomb.ts';
import deepRecursion from './cases/36-deep-recursion.ts';
import flood from './cases/37-flood.ts';
import instanceExhaustion from './cases/38-instance-exhaustion.ts';
import handleLeak from './cases/39-handle-leak.ts';
import forkBomb from './cases/40-fork-bomb.ts';
import environmentLeak from './cases/45-environment-leak.ts';
import policyNotMeasured from './cases/47-policy-not-measured.ts';
import debugAsProduction from './cases/48-debug-as-production.ts';
import evidenceForAnotherTarget from './cases/49-evidence-for-another-target.ts';
import sealedBlobSwapped from './cases/50-sealed-blob-swapped.ts';
import hostSidePeek from './cases/51-host-side-peek.ts';
import truncatedTail from './cases/52-truncated-tail.ts';
import editedRecord from './cases/53-edited-record.ts';
import reorderedBatch from './cases/54-reordered-batch.ts';
import twoHeads from './cases/55-two-heads.ts';
import journalFull from './cases/56-journal-full.ts';
import killedHost from './cases/57-killed-host.ts';
import payloadInJournal from './cases/58-payload-in-journal.ts';
import caughtFailure from './cases/63-caught-failure.ts';
import entryCeiling from './cases/64-entry-ceiling.ts';
import crashLoop from './cases/65-crash-loop.ts';
import controlSocket from './cases/66-control-socket.ts';
import hiddenInText from './cases/67-hidden-in-text.ts';
import { SYSTEM_SERVICES } from './cases/system-services.ts';

/** Every case, by number. */
export const CASES: readonly Case[] = [
  directLeak,
  twoHopLeak,
  replyLeak,
  exceptionLeak,
  denialOracle,
  denialDetail,
  postReceipt,
  labelMetadata,
  integrityLaundering,
  lowIntegrityInput,
  unlabelledInput,
  crossTenant,
  stateAcrossCalls,
  gateWrongExport,
  gateLowIntegrityTrigger,
  gateBudget,
  confusedDeputy,
  grantAmplification,
  revokedGrantUsed,
  revokeRace,
  restartRegainsPrivilege,
  forgedGrant,
  outOfBounds,
  doubleFetch,
  sharedStateImport,
  hostileRealloc,
  handleForgery,
  reEntrancy,
  startFunction,
  malformedBinary,
  typeConfusion,
  invalidTextAndNumbers,
  infiniteLoop,
  memoryBomb,
  tableBomb,
  deepRecursion,
  flood,
  instanceExhaustion,
  handleLeak,
  forkBomb,
  environmentLeak,
  policyNotMeasured,
  debugAsProduction,
  evidenceForAnotherTarget,
  sealedBlobSwapped,
  hostSidePeek,
  truncatedTail,
  editedRecord,
  reorderedBatch,
  twoHeads,
  journalFull,
  killedHost,
  payloadInJournal,
  caughtFailure,
  entryCeiling,
  crashLoop,
  controlSocket,
  hiddenInText,
  ...SYSTEM_SERVICES,
].toSorted((one, other) => one.number - other.number);
