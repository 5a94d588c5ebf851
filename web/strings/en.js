// The texts of one language as a module of its own.
import texts from "./en.json";

export default texts;
