import { Monitor } from "./monitor.js";
import { theme } from "./theme.js";

theme();
void new Monitor().start();
