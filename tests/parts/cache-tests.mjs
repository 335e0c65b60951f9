// Runs the HTTP caching tests against a proxy and says what came of each: FOLDER BASE, a line of JSON a case.

import { createRequire } from 'module'

const [folder, base] = process.argv.slice(2)
const fetch = createRequire(`${folder}/cli.mjs`)('node-fetch')
const { runTests, getResults } = await import(`${folder}/client/runner.mjs`)
const { determineTestResult } = await import(`${folder}/lib/display.mjs`)
const suites = (await import(`${folder}/tests/index.mjs`)).default

await runTests(suites, fetch, false, base)
const results = getResults()
for (const suite of suites) {
  for (const test of suite.tests.filter(test => !test.browser_only)) {
    const [, , symbol] = determineTestResult(suites, test.id, results)
    const why = results[test.id] === true ? '' : String((results[test.id] ?? [])[1])
    console.log(JSON.stringify([test.id, symbol, why]))
  }
}
