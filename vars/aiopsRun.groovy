// Runs the main job of aiops on the checked-out commit, keeps its report with the build, and returns its figures.
// Every argument is described in aiopsRun.txt.

Map call(Map args = [:]) {
    Map given = withDefaults(args)
    String temporary = pwd(tmp: true)  // beside the workspace: nothing there ends up in a report or a commit
    String reportJson = "${temporary}/aiops-report.json"
    String aiops = given.command ?: install(given, "${temporary}/aiops-environment")
    int exitCode = 1
    Map figures = [:]
    dir(given.workingDirectory) {
        try {
            exitCode = measure(aiops, reportJson, given)
        } finally {
            keep()
        }
        figures = figuresOf(reportJson, exitCode)
    }
    judge(figures, given.unstable)
    return figures
}

private Map withDefaults(Map args) {
    Map defaults = [
        config: '',
        workingDirectory: '.',
        quick: false,
        args: [],
        unstable: false,
        githubCredentials: '',
        jenkinsCredentials: '',
        python: 'python3',
        requirement: 'git+https://github.com/org/aiops-action@v1',
        command: '',
    ]
    Set unknown = args.keySet() - defaults.keySet()
    if (unknown) {
        error("aiopsRun: unknown argument ${unknown.join(', ')}; expected one of ${defaults.keySet().join(', ')}")
    }
    return defaults + args
}

private String install(Map given, String environment) {
    List variables = [
        "AIOPS_PYTHON=${given.python}", "AIOPS_REQUIREMENT=${given.requirement}", "AIOPS_ENVIRONMENT=${environment}",
    ]
    withEnv(variables) {
        sh(label: 'Install aiops', script: '''
            set -eu
            [ -x "$AIOPS_ENVIRONMENT/bin/python" ] || "$AIOPS_PYTHON" -m venv "$AIOPS_ENVIRONMENT"
            "$AIOPS_ENVIRONMENT/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade "$AIOPS_REQUIREMENT"
        ''')
    }
    return "${environment}/bin/aiops"
}

private int measure(String aiops, String reportJson, Map given) {
    List words = ['run', '--publish', '--json', reportJson]
    if (given.config) {
        words += ['--config', given.config]
    }
    if (given.quick) {
        words += ['--quick']
    }
    words += given.args
    int exitCode = 1
    withCredentials(secrets(given)) {
        // One word a line: no shell reads what an argument contains.
        withEnv(["AIOPS_COMMAND=${aiops}", "AIOPS_WORDS=${words.join('\n')}", "AIOPS_REPORT=${reportJson}"]) {
            exitCode = sh(label: 'Test, measure, size and report', returnStatus: true, script: '''
                set -eu
                mkdir -p "${AIOPS_REPORT%/*}"
                rm -f "$AIOPS_REPORT"
                set -f
                IFS='
'
                set -- $AIOPS_WORDS
                unset IFS AIOPS_WORDS
                exec "$AIOPS_COMMAND" "$@"
            ''')
        }
    }
    return exitCode
}

private List secrets(Map given) {
    List bindings = []
    if (given.githubCredentials) {
        bindings += [string(credentialsId: given.githubCredentials, variable: 'AIOPS_GITHUB_TOKEN')]
    }
    if (given.jenkinsCredentials) {
        bindings += [usernamePassword(
            credentialsId: given.jenkinsCredentials,
            usernameVariable: 'AIOPS_JENKINS_USER',
            passwordVariable: 'AIOPS_JENKINS_TOKEN'
        )]
    }
    return bindings
}

private void keep() {
    archiveArtifacts(artifacts: '**/.aiops/*/**', allowEmptyArchive: true)
    junit(testResults: '**/.aiops/*/logs/junit.xml', allowEmptyResults: true, skipMarkingBuildUnstable: true)
}

private Map figuresOf(String reportJson, int exitCode) {
    Map figures = [
        exitCode: exitCode, outcome: 'error', throughputRps: null, responseSeconds: null, power: null, usdPerMonth: null,
    ]
    if (!fileExists(reportJson)) {
        return figures
    }
    Map report = readJSON(file: reportJson, returnPojo: true)
    figures.outcome = report.outcome
    figures.usdPerMonth = report.plan?.usd_per_month
    for (benchmark in report.benchmarks) {
        if (benchmark.knee) {
            figures.throughputRps = benchmark.knee.throughput_rps
            figures.responseSeconds = benchmark.knee.response_s
            figures.power = benchmark.knee.power
            break
        }
    }
    return figures
}

// 3 and 4 say something about the commit; everything else that is not 0 says that nobody knows.
private void judge(Map figures, boolean unstableWanted) {
    Map reasons = [3: 'tests or gates failed', 4: 'no fleet meets the target', 130: 'the run was interrupted']
    if (figures.exitCode == 0) {
        return
    }
    String reason = reasons[figures.exitCode] ?: 'aiops could not do its work; its last lines above say why'
    String message = "aiops: ${reason} (exit code ${figures.exitCode})"
    if (unstableWanted && figures.exitCode in [3, 4]) {
        unstable(message)
    } else {
        error(message)
    }
}
