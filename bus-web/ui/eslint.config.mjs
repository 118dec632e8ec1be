import tseslint from "typescript-eslint";

export default tseslint.config(tseslint.configs.strictTypeChecked, {
  languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
  rules: { "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }] },
}, { ignores: ["*.mjs"] });
