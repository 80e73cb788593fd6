// What every page loads.
import { startExercise } from "./exercise";
import { startKeys } from "./keys";
import { drawCharts } from "./lazy";
import { startPredictions } from "./predict";
import { startSnippets } from "./snippets";
import { startTheme } from "./theme";
import { startContents } from "./contents";

startTheme();
startKeys();
startSnippets();
startPredictions();
startExercise();
startContents();
void drawCharts(document);
