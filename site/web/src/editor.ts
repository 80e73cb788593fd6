// The entry of what is loaded when something is edited.
export { openWorkbench } from "./workbench";
export { editSnippet } from "./edit-snippet";
