using Tare.Errors;
using Tare.Oci.Runtime.Validation;

namespace Tare.Oci.Runtime;

/// <summary>
/// Checks what the values of a document mean, before anything is made of it. It refuses what runc refuses, be it by its own
/// checks or because the kernel does at some later step, and what the specification says MUST be an error; it accepts what
/// runc accepts, with a warning where runc warns. Which system calls, actions and architectures there are is the filter
/// compiler's business, and what files exist is found out when they are opened.
/// </summary>
public static class SpecValidator
{
    /// <summary>Checks a configuration.</summary>
    /// <returns>Warnings: sentences about what is ignored or will be refused one day.</returns>
    /// <exception cref="TareException">It cannot be run: one sentence with the cause, the member and the fix.</exception>
    public static IReadOnlyList<string> Check(Spec spec, SpecContext context)
    {
        var warnings = new List<string>();
        var namespaces = new NamespaceSet(spec.Linux?.Namespaces);
        var users = new UserMappings(spec.Linux, namespaces, context);
        CheckVersion(spec.OciVersion);
        if (spec.Process is not { } process) throw Sentence.Invalid("process is absent, but there is nothing to run without it: add process with args and cwd");
        ProcessChecks.Check(process, "process.", context, warnings);
        CheckRoot(spec.Root);
        NamespaceChecks.Check(spec, namespaces, context);
        users.Check(warnings);
        users.CheckUser(process.User);
        MountChecks.Check(spec.Mounts, namespaces, users, context, warnings);
        HookChecks.Check(spec.Hooks);
        if (spec.Linux is { } linux) CheckLinux(linux, namespaces, context, warnings);
        return Printable(warnings);
    }

    /// <summary>Checks a process that <c>exec</c> adds to a container.</summary>
    /// <returns>Warnings, as of <see cref="Check"/>.</returns>
    /// <exception cref="TareException">It cannot be run: one sentence with the cause, the member and the fix.</exception>
    public static IReadOnlyList<string> CheckProcess(ProcessSpec process, SpecContext context)
    {
        var warnings = new List<string>();
        ProcessChecks.Check(process, "", context, warnings);
        return Printable(warnings);
    }

    /// <summary>Checks limits that <c>update</c> sets.</summary>
    /// <returns>Warnings, as of <see cref="Check"/>.</returns>
    /// <exception cref="TareException">They cannot be set: one sentence with the cause, the member and the fix.</exception>
    public static IReadOnlyList<string> CheckResources(LinuxResources resources, SpecContext context)
    {
        var warnings = new List<string>();
        ResourceChecks.Check(resources, "", context, warnings);
        return Printable(warnings);
    }

    private static void CheckLinux(LinuxSpec linux, NamespaceSet namespaces, SpecContext context, List<string> warnings)
    {
        DeviceChecks.Check(linux, namespaces, context, warnings);
        ResourceChecks.CheckPath(linux.CgroupsPath, context);
        if (linux.Resources is { } resources) ResourceChecks.Check(resources, "linux.resources.", context, warnings);
        SysctlChecks.Check(linux.Sysctl, namespaces, context);
        MachineChecks.Check(linux, context, warnings);
        SeccompChecks.Check(linux.Seccomp);
    }

    private static void CheckVersion(string version)
    {
        if (!SemanticVersion.TryMajor(version, out var major))
            throw Sentence.Invalid($"ociVersion is \"{version}\", which is no version such as \"{Spec.CurrentVersion}\"");
        if (major != 1)
            throw Sentence.Invalid($"ociVersion is \"{version}\", but the versions {Spec.OldestVersion} to {Spec.NewestVersion} of the specification are understood: rewrite the document for one of these");
    }

    private static void CheckRoot(RootSpec? root)
    {
        if (root is null) throw Sentence.Invalid("root is absent, but a container needs a root filesystem: add root with its path");
        if (root.Path.Length == 0) throw Sentence.Invalid("root.path is empty: set it to the directory of the root filesystem");
        Texts.Check(root.Path, "root.path");
    }

    private static List<string> Printable(List<string> warnings)
    {
        for (var i = 0; i < warnings.Count; i++) warnings[i] = Sentence.Printable(warnings[i]);
        return warnings;
    }
}
