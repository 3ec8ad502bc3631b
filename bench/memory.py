"""Memory of processes, as the kernel accounts it."""
import os


def pss_kib(pid):
    """The proportional set size of a process in KiB (proc_pid_smaps_rollup); 0 when it has gone."""
    try:
        for line in open(f"/proc/{pid}/smaps_rollup"):
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def children_of(pid):
    """All descendants of a process."""
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                words = open(f"/proc/{parent}/task/{task}/children").read().split()
                found += map(int, words)
                todo += map(int, words)
        except OSError:
            continue
    return found
