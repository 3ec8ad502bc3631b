using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using static Tare.Linux.SyscallNumbers;

namespace Tare.Runtime.Launching;

/// <summary>
/// Compiles a specification to a launch program.
///
/// 1. The launcher, still in the host's namespaces: OOM score, control groups (v1), namespaces to join, the mount template.
/// 2. <c>clone3</c> with the new namespaces and CLONE_PARENT, into the control group (v2). The launcher maps the ids of a new user
///    namespace, and is done. The child may have to wait here for the rest of the program.
/// 3. The child: its root, mounts, devices, kernel parameters, masks; terminal; everything else closed; working directory; limits;
///    user, capabilities; the word to start; filter; execve.
/// </summary>
public static class LaunchCompiler
{
    private const int PR_SET_DUMPABLE = 4;
    private const int O_WRONLY = 1;
    private const int O_CLOEXEC = 0x80000;

    /// <summary>The program that starts a container, as far as its process is born.</summary>
    /// <param name="inputs">Where and into what.</param>
    /// <param name="soFar">
    /// When it is run so far already, the descriptors that it has: it waits then until it gets the whole. To make namespaces takes as long
    /// as to compile.
    /// </param>
    public static ContainerBirth CompileBirth(BirthInputs inputs, DescriptorList? soFar = null)
    {
        var program = new LaunchProgramBuilder();
        var namespaces = new NamespaceSteps(program);

        // Who could trace the process would have its descriptors of the host, until it executes: processes of a shared pid namespace.
        // One that may not be traced cannot have its ids mapped by an ordinary user, so that it becomes so afterwards.
        if (!inputs.Unprivileged) Hide(program);
        if (inputs.OomScoreAdj is { } score) AdjustOomScore(program, score);
        JoinControlGroups(program, inputs.CgroupProcs);
        namespaces.Join(inputs.Join);
        if (inputs.Template is { } template) namespaces.Join([(template, NamespaceKinds.Mount)]);
        namespaces.Clone(
            inputs.Template is null ? inputs.New : inputs.New | NamespaceKinds.Mount,
            inputs.CgroupDirectory,
            inputs.UserNamespace,
            inputs.Join.Any(static joined => joined.Kinds.HasFlag(NamespaceKinds.User)));
        if (inputs.Unprivileged) Hide(program);
        if (soFar is not null)
        {
            program.Purpose = new Purpose(Stage.Setup);
            program.WaitForRest(soFar.Next);
        }
        return new ContainerBirth(inputs, program);
    }

    /// <summary>The program that starts a container.</summary>
    /// <param name="birth">Its beginning.</param>
    /// <param name="inputs">What the rest needs.</param>
    /// <exception cref="TareException">The specification asks for something that makes no sense.</exception>
    public static LaunchProgram CompileContainer(ContainerBirth birth, LaunchInputs inputs)
    {
        var spec = inputs.Spec;
        var linux = spec.Linux ?? new LinuxSpec();
        var process = CheckedProcess(spec.Process);
        var program = birth.Builder;
        var (created, joined) = (birth.Inputs.New, birth.Inputs.Join);
        var places = new PlaceSteps(program);
        var roots = new RootSteps(program, places);
        Mask mask = inputs.Root is TemplateRoot ? new TemplateMask(program, places) : new HostMask(program, places);
        var filesystem = new FilesystemSteps(program, places, mask);
        var steps = new ProcessSteps(program, inputs.InUserNamespace);
        var namespaces = new NamespaceSteps(program);

        LetGoOf(program, birth.Inputs.CgroupDirectory);
        steps.NewSession(inputs.Keyring);
        namespaces.EnterLate(created, joined);
        if (created.HasFlag(NamespaceKinds.Network)) namespaces.RaiseLoopback();
        if (inputs.Root is TemplateRoot over) roots.EnterOverTemplate(over.Mount, ((TemplateMask)mask).Empty);
        else roots.Attach((PivotedRoot)inputs.Root);
        if (!string.IsNullOrEmpty(spec.Hostname)) namespaces.SetName(sethostname, spec.Hostname);
        if (!string.IsNullOrEmpty(spec.Domainname)) namespaces.SetName(setdomainname, spec.Domainname);
        Mount(filesystem, inputs, linux);
        if (created.HasFlag(NamespaceKinds.Time)) namespaces.NewClocks(linux.TimeOffsets, filesystem);
        if (inputs.StopsMounted)
        {
            program.Purpose = new Purpose(Stage.Hook);
            program.Synchronise(SyncPoint.Mounted);
        }
        foreach (var (name, value) in linux.Sysctl ?? new Dictionary<string, string>()) filesystem.SetSysctl(name, value);
        foreach (var path in linux.ReadonlyPaths ?? []) filesystem.MakeReadOnly(path);
        foreach (var path in linux.MaskedPaths ?? []) filesystem.Hide(path);
        if (process.Terminal) steps.OpenTerminal(places, process.ConsoleSize, console: true, process.User.Uid);
        else steps.OwnPipes(process.User.Uid);
        filesystem.Seal();
        SetLabels(program, filesystem, process);
        if (inputs.Root is PivotedRoot pivoted) roots.Enter(pivoted);
        steps.CloseDescriptors(inputs.Preserved, inputs.StartSocket);
        steps.EnterWorkingDirectory(places, process.Cwd, make: true);
        if (spec.Root is { Readonly: true }) filesystem.MakeRootReadOnly();
        steps.SetLimits(process.Rlimits ?? []);
        new AttributeSteps(program).Set(process, linux.Personality, linux.MemoryPolicy);
        steps.BecomeUser(process, inputs.SeccompFilter is not null);
        steps.CloseOnExecution();
        if (inputs.StartSocket is not null)
        {
            steps.LookForProgram(process);
            steps.WaitForStart();
        }
        if (inputs.StopsStarting)
        {
            program.Purpose = new Purpose(Stage.Hook);
            program.Synchronise(SyncPoint.Starting);
        }
        if (inputs.Init)
        {
            // The init is a process of the container's as any other: the same filter, no more capabilities.
            steps.LoadFilter(process, inputs.SeccompFilter);
            program.Init();
            program.ResetSignals();
        }
        else
        {
            program.ResetSignals();
            steps.LoadFilter(process, inputs.SeccompFilter);
        }
        steps.Execute(process);
        return program.Build();
    }

    /// <summary>The program that starts a further process in a running container.</summary>
    public static LaunchProgram CompileExec(ExecInputs inputs)
    {
        var process = CheckedProcess(inputs.Process);
        var program = new LaunchProgramBuilder();
        var places = new PlaceSteps(program);
        var steps = new ProcessSteps(program, inputs.Join.HasFlag(NamespaceKinds.User) || inputs.Unprivileged);
        var namespaces = new NamespaceSteps(program);
        var attributes = new AttributeSteps(program);

        Hide(program);
        attributes.SetAffinity(process.ExecCpuAffinity?.Initial);
        if (process.OomScoreAdj is { } score) AdjustOomScore(program, score);
        JoinControlGroups(program, inputs.CgroupProcs);
        namespaces.Join([(inputs.Target, inputs.Join)]);
        namespaces.Clone(NamespaceKinds.None, inputs.CgroupDirectory, null, joinsUser: inputs.Join.HasFlag(NamespaceKinds.User));

        LetGoOf(program, inputs.CgroupDirectory);
        namespaces.EnterLate(NamespaceKinds.None, [(inputs.Target, inputs.Join)]);
        if (inputs.Root is { } root) new RootSteps(program, places).Enter(root);
        attributes.SetAffinity(process.ExecCpuAffinity?.Final);
        if (!inputs.SameSession) steps.NewSession("_tare.exec");
        if (process.Terminal) steps.OpenTerminal(places, process.ConsoleSize, console: false, process.User.Uid);
        else steps.OwnPipes(process.User.Uid);
        if (HasLabels(process)) SetLabels(program, new FilesystemSteps(program, places, new HostMask(program, places)), process);
        steps.CloseDescriptors(inputs.Preserved, null);
        steps.EnterWorkingDirectory(places, process.Cwd, make: false);
        steps.SetLimits(process.Rlimits ?? []);
        attributes.Set(process, inputs.Personality, inputs.MemoryPolicy);
        steps.BecomeUser(process, inputs.SeccompFilter is not null);
        steps.CloseOnExecution();
        program.ResetSignals();
        steps.LoadFilter(process, inputs.SeccompFilter);
        steps.Execute(process, inputs.CalledAs);
        return program.Build();
    }

    private static ProcessSpec CheckedProcess(ProcessSpec? process)
    {
        if (process is null || process.Args is not { Count: > 0 }) throw TareException.Invalid("no command specified");
        if (process.Args.Concat(process.Env ?? []).Append(process.Cwd).Any(text => text.Contains('\0', StringComparison.Ordinal)))
            throw TareException.Invalid("an argument, a variable or the working directory contains a zero byte");
        return process.Cwd.StartsWith('/') ? process : throw TareException.Invalid($"the working directory {process.Cwd} is not an absolute path");
    }

    private static void Hide(LaunchProgramBuilder program)
    {
        program.Purpose = new Purpose(Stage.Setup);
        program.Call(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    }

    private static void JoinControlGroups(LaunchProgramBuilder program, IReadOnlyList<int> procs)
    {
        program.Purpose = new Purpose(Stage.Cgroup);
        foreach (var descriptor in procs) program.Call(write, descriptor, program.Text("0"), 1);
    }

    /// <summary>A directory of the host's, which the process has no use for once it is born there.</summary>
    private static void LetGoOf(LaunchProgramBuilder program, int? cgroup)
    {
        if (cgroup is { } directory) program.Call(close, directory);
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

    private static bool HasLabels(ProcessSpec process) => !string.IsNullOrEmpty(process.ApparmorProfile) || !string.IsNullOrEmpty(process.SelinuxLabel);

    /// <summary>The labels that the program gets on its execution. They stay with the thread that has written them, which is the one that executes.</summary>
    private static void SetLabels(LaunchProgramBuilder program, FilesystemSteps filesystem, ProcessSpec process)
    {
        if (!string.IsNullOrEmpty(process.ApparmorProfile) && SecurityModules.HasAppArmor)
        {
            _ = filesystem.Proc;
            program.Purpose = new Purpose(Stage.Label, process.ApparmorProfile);
            filesystem.WriteProc(SecurityModules.AppArmorExecFile, "exec " + process.ApparmorProfile);
        }
        if (!string.IsNullOrEmpty(process.SelinuxLabel) && SecurityModules.HasSelinux)
        {
            _ = filesystem.Proc;
            program.Purpose = new Purpose(Stage.Label, process.SelinuxLabel);
            filesystem.WriteProc("self/attr/exec", process.SelinuxLabel);
        }
    }

    private static void Mount(FilesystemSteps filesystem, LaunchInputs inputs, LinuxSpec linux)
    {
        var mounts = inputs.Spec.Mounts ?? [];
        var inherited = inputs.Root is PivotedRoot { Propagation: not Propagation.Shared } root ? root.Propagation : Propagation.Unchanged;
        var devIsThere = false;
        for (var i = 0; i < mounts.Count; i++)
        {
            var mount = mounts[i];
            if (!inputs.MountSources.TryGetValue(i, out var source)) filesystem.MountNew(mount);
            else if (source.Descriptor >= 0) filesystem.MoveMount(source, mount.Destination, $"{mount.Source} at {mount.Destination}");
            else filesystem.BindHostPath(mount, source.IsDirectory, inherited);

            // Devices come as soon as /dev is there: later mounts may lie upon them. A /dev of the host's is left as it is.
            if (mount.Destination != "/dev" || devIsThere) continue;
            devIsThere = true;
            if (!inputs.MountSources.ContainsKey(i)) filesystem.PopulateDev(linux.Devices ?? [], inputs.BindsDevices);
        }
        foreach (var (path, target) in inputs.Links) filesystem.Link(path, target);
        // Without a mount there the devices are made in the root filesystem's own /dev.
        if (!devIsThere && linux.Devices is { Count: > 0 } devices) filesystem.PopulateDev(devices, inputs.BindsDevices);
    }
}
