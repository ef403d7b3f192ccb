export {
  type Allowed,
  type AllowedCall,
  type CallVerdict,
  type ClosedGate,
  type ClosedGates,
  canChangeGrants,
  type Denied,
  decideCall,
  decideCreate,
  decideDelegate,
  decideGrant,
  decideRead,
  decideReadWrite,
  decideWrite,
  type GrantVerdict,
  type Offence,
  type ResourceVerdict,
} from './decide.ts';
export { type Ceiling, ceilingOf, formatLabel, type Label, type LabelInput } from './label.ts';
export { formatPrivilege, type Privilege, Privileges, parsePrivilege, type Right } from './privilege.ts';
export { type Action, type Flow, type Gate, type GateTags, RULES, type RuleTable } from './rules.ts';
export { LABEL_LIMITS, type LabelLimits, LabelSpace } from './space.ts';
export {
  familyOf,
  isCoveredBy,
  isCoveredByAny,
  isTagFamily,
  parseTag,
  parseTagOrFamily,
  type TagDeclaration,
  type TagKind,
} from './tag.ts';
