import tseslint from "typescript-eslint";

export default tseslint.config(
  {
    ignores: [
      "node_modules/",
      "artifacts/",
      "cache/",
      "types/",
      "build/",
      "sdk/abi/",
      "**/guests/**",
      "**/*.mjs",
      "*.js",
    ],
  },
  ...tseslint.configs.strict,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { ignoreRestSiblings: true, argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      "@typescript-eslint/no-unused-expressions": "off", // chai's property assertions
      "no-restricted-syntax": [
        "error",
        { selector: "ExportDefaultDeclaration", message: "Use named exports." },
        { selector: "TSEnumDeclaration", message: "Use a union of literals." },
      ],
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: "Only keepers/config.ts and scripts read the environment." },
      ],
    },
  },
  {
    files: ["test/**"],
    languageOptions: { parserOptions: { projectService: false, project: "./tsconfig.test.json" } },
  },
  {
    files: ["keepers/config.ts", "hardhat.config.ts", "scripts/**", "test/**"],
    rules: { "no-restricted-properties": "off" },
  },
  { files: ["hardhat.config.ts", "deploy/modules/**"], rules: { "no-restricted-syntax": "off" } },
);
