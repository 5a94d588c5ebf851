// The texts of one language as a module of its own.
import texts from "./zh-CN.json";

export default texts;
