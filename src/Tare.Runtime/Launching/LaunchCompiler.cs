using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using static Tare.Linux.SyscallNumbers;

namespace Tare.Runtime.Launching;

/// <summary>
/// Compiles a specification to a launch program.
///
/// 1. The launcher, still in the host's namespaces: OOM score, control groups (v1), namespaces to join, the mount template.
/// 2. <c>clone3</c> with the new namespaces and CLONE_PARENT, into the control group (v2). The launcher is done.
/// 3. The child: its root, mounts, devices, kernel parameters, masks; terminal; everything else closed; working directory; limits;
///    user, capabilities, filter; execve.
/// </summary>
public static class LaunchCompiler
{
    private const ulong CLONE_PARENT = 0x8000;
    private const ulong CLONE_INTO_CGROUP = 0x2_0000_0000;
    private const int CloneArgumentsSize = 88;
    private const int PR_SET_DUMPABLE = 4;
    private const int O_WRONLY = 1;
    private const int O_CLOEXEC = 0x80000;

    /// <summary>The program that starts a container.</summary>
    /// <exception cref="TareException">The specification asks for something that makes no sense.</exception>
    public static LaunchProgram CompileContainer(LaunchInputs inputs, string id)
    {
        var spec = inputs.Spec;
        var linux = spec.Linux ?? new LinuxSpec();
        var process = CheckedProcess(spec.Process);
        var program = new LaunchProgramBuilder();
        var places = new PlaceSteps(program);
        var filesystem = new FilesystemSteps(program, places);
        var steps = new ProcessSteps(program);

        // A process of a shared namespace could otherwise hold this one up, which has descriptors of the host until it executes.
        program.Purpose = new Purpose(Stage.Setup);
        program.Call(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
        if (process.OomScoreAdj is { } score) AdjustOomScore(program, score);
        JoinControlGroups(program, inputs.CgroupProcs);
        foreach (var (descriptor, kinds) in inputs.Join)
        {
            program.Purpose = new Purpose(Stage.Namespace);
            program.Call(setns, descriptor, (uint)kinds);
        }
        program.Purpose = new Purpose(Stage.Namespace, "the mount template");
        program.Call(setns, inputs.MountTemplate, (uint)NamespaceKinds.Mount);
        Clone(program, (ulong)(inputs.New | NamespaceKinds.Mount), inputs.CgroupDirectory);

        steps.NewSession("_tare." + id[..Math.Min(12, id.Length)]);
        filesystem.EnterRoot(inputs.Root);
        if (!string.IsNullOrEmpty(spec.Hostname)) SetName(program, sethostname, spec.Hostname);
        if (!string.IsNullOrEmpty(spec.Domainname)) SetName(program, setdomainname, spec.Domainname);
        Mount(filesystem, inputs, linux);
        foreach (var (name, value) in linux.Sysctl ?? new Dictionary<string, string>()) filesystem.SetSysctl(name, value);
        if (process.Terminal) steps.OpenTerminal(process.ConsoleSize, console: true, process.User.Uid);
        else steps.OwnPipes(process.User.Uid);
        foreach (var path in linux.ReadonlyPaths ?? []) filesystem.MakeReadOnly(path);
        foreach (var path in linux.MaskedPaths ?? []) filesystem.Mask(path);
        steps.CloseDescriptors();
        steps.EnterWorkingDirectory(places, process.Cwd, make: true);
        if (spec.Root is { Readonly: true }) filesystem.MakeRootReadOnly();
        steps.SetLimits(process.Rlimits ?? []);
        steps.BecomeUser(process, inputs.SeccompFilter);
        steps.Execute(process, inputs.Init);
        return new LaunchProgram(program.Build(), program.Purposes);
    }

    /// <summary>The program that starts a further process in a running container.</summary>
    public static LaunchProgram CompileExec(ExecInputs inputs)
    {
        var process = CheckedProcess(inputs.Process);
        var program = new LaunchProgramBuilder();
        var steps = new ProcessSteps(program);

        // Until it executes, this process holds descriptors of the host where the container's processes could see it.
        program.Purpose = new Purpose(Stage.Setup);
        program.Call(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
        if (process.OomScoreAdj is { } score) AdjustOomScore(program, score);
        JoinControlGroups(program, inputs.CgroupProcs);
        program.Purpose = new Purpose(Stage.Namespace);
        program.Call(setns, inputs.Target, (uint)inputs.Join);
        Clone(program, 0, inputs.CgroupDirectory);

        steps.NewSession("_tare.exec");
        if (process.Terminal) steps.OpenTerminal(process.ConsoleSize, console: false, process.User.Uid);
        else steps.OwnPipes(process.User.Uid);
        steps.CloseDescriptors();
        steps.EnterWorkingDirectory(new PlaceSteps(program), process.Cwd, make: false);
        steps.SetLimits(process.Rlimits ?? []);
        steps.BecomeUser(process, inputs.SeccompFilter);
        steps.Execute(process, init: false);
        return new LaunchProgram(program.Build(), program.Purposes);
    }

    private static ProcessSpec CheckedProcess(ProcessSpec? process)
    {
        if (process is null || process.Args is not { Count: > 0 }) throw TareException.Invalid("no command specified");
        if (process.Args.Concat(process.Env ?? []).Append(process.Cwd).Any(text => text.Contains('\0', StringComparison.Ordinal)))
            throw TareException.Invalid("an argument, a variable or the working directory contains a zero byte");
        return process.Cwd.StartsWith('/') ? process : throw TareException.Invalid($"the working directory {process.Cwd} is not an absolute path");
    }

    private static void Clone(LaunchProgramBuilder program, ulong namespaces, int? cgroup)
    {
        program.Purpose = new Purpose(Stage.Clone);
        var flags = namespaces | CLONE_PARENT | (cgroup is null ? 0 : CLONE_INTO_CGROUP);
        var arguments = program.Words(flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, (ulong)(cgroup ?? 0));
        var child = new Label();
        program.Clone(arguments, CloneArgumentsSize, child);
        program.Call(exit_group, 0);
        program.Mark(child);
        // A directory of the host's, which the child has no use for.
        if (cgroup is { } directory) program.Call(close, directory);
    }

    private static void JoinControlGroups(LaunchProgramBuilder program, IReadOnlyList<int> procs)
    {
        program.Purpose = new Purpose(Stage.Cgroup);
        foreach (var descriptor in procs) program.Call(write, descriptor, program.Text("0"), 1);
    }

    /// <summary>A lower score than the launcher's needs CAP_SYS_RESOURCE; without it the process keeps what it has, as with Docker.</summary>
    private static void AdjustOomScore(LaunchProgramBuilder program, int score)
    {
        var (file, failed) = (program.NewSlot(), new Label());
        var text = score.ToString(System.Globalization.CultureInfo.InvariantCulture);
        program.Purpose = new Purpose(Stage.Setup);
        program.Call(openat, Paths.CurrentDirectory, program.Text("/proc/self/oom_score_adj"), O_WRONLY | O_CLOEXEC).Into(file).On(Errno.EACCES, failed);
        program.Call(write, file, program.Text(text), text.Length).On(Errno.EACCES);
        program.Call(close, file);
        program.Mark(failed);
    }

    private static void SetName(LaunchProgramBuilder program, int call, string name)
    {
        program.Purpose = new Purpose(Stage.Hostname, name);
        program.Call(call, program.Text(name), System.Text.Encoding.UTF8.GetByteCount(name));
    }

    private static void Mount(FilesystemSteps filesystem, LaunchInputs inputs, LinuxSpec linux)
    {
        var mounts = inputs.Spec.Mounts ?? [];
        for (var i = 0; i < mounts.Count; i++)
        {
            var mount = mounts[i];
            if (inputs.MountSources.TryGetValue(i, out var source)) filesystem.MoveMount(source, mount.Destination, $"{mount.Source} at {mount.Destination}");
            else filesystem.MountNew(mount);

            // Devices come as soon as /dev is there: later mounts may lie upon them. A /dev of the host's is left as it is.
            if (mount.Destination == "/dev" && !inputs.MountSources.ContainsKey(i)) filesystem.PopulateDev(linux.Devices ?? []);
        }
    }
}
