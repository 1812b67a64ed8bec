"""The planner alone (google-benchmark): its time for each number of rules, and how that grows. Usage: planner.py PROGRAM"""

import json
import subprocess
import sys

# Ten times the rules: 12 by their sorting, and more where they no longer fit the caches; 100 if it were quadratic.
MOST_GROWTH = 20.0
GOAL_MILLISECONDS = 50


def main():
    done = subprocess.run([sys.argv[1], "--benchmark_format=json", "--benchmark_min_time=0.3", "--benchmark_repetitions=3"],
                          check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    times = {}
    for run in json.loads(done.stdout)["benchmarks"]:
        if run["run_type"] == "iteration":
            times.setdefault(run["run_name"], []).append(run["cpu_time"])
    times = {name: min(each) for name, each in times.items()}
    print("the planner and the settings, CPU time, shortest of 3")
    for name, milliseconds in times.items():
        print(f"  {name:34}{milliseconds:9.2f} ms")
    growth = times["plan_rules/100000"] / times["plan_rules/10000"]
    print(f"  100,000 rules to 10,000: {growth:.1f}, at most {MOST_GROWTH}")
    print(f"  10,000 rules: {times['plan_rules/10000']:.1f} ms; the goal is {GOAL_MILLISECONDS} ms of CPU")
    return 1 if growth > MOST_GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
