export type { Catalog, CatalogOptions, DefinitionFile, MaskedDefinition } from './core/catalog/catalog.ts';
export { createCatalog, parseDefinition } from './core/catalog/create-catalog.ts';
export type { FindHookProgram, HookProgram } from './core/catalog/hook-path.ts';
export type { DefinitionVersion, HookDefinition, When } from './core/definition/hook-definition.ts';
export type { DefinitionSource } from './core/definition/parse.ts';
export type { DiagnosticArguments, DiagnosticCode } from './core/diagnostic/code.ts';
export type { Diagnostic, Parsed, Severity } from './core/diagnostic/diagnostic.ts';
export { ConfigError, DefinitionError } from './core/diagnostic/input-error.ts';
export type { Position } from './core/diagnostic/position.ts';
export { type DiagnosticText, diagnosticText, renderDiagnostic } from './core/diagnostic/render.ts';
export { SystemError, type SystemErrorCode } from './core/diagnostic/system-error.ts';
export { applyPlan } from './core/injection/apply.ts';
export { editConfigText } from './core/injection/edit.ts';
export {
  type ExtensionHook,
  type InjectionPlan,
  type PlannedHook,
  type PlanOptions,
  planInjection,
  type SkippedHook,
} from './core/injection/plan.ts';
export type { OciConfig, OciHooks, OciMount, OciProcess } from './core/oci/config.ts';
export type { Hook } from './core/oci/hook.ts';
export { isStage, STAGES, type Stage } from './core/oci/stage.ts';
export { type BindMountRule, type ContainerView, containerFromConfig } from './core/when/container.ts';
export type { NearestMiss, TriedCondition, Verdict } from './core/when/verdict.ts';
export { DEFAULT_HOOK_DIRECTORIES, type LoadCatalogOptions, loadCatalog } from './host/hook-directories.ts';
export { type InjectBundleOptions, injectBundle } from './host/inject-bundle.ts';
export type { Trust } from './host/trust.ts';
export { type WatchCatalogOptions, watchCatalog } from './host/watch.ts';
