namespace Tare.Oci.Runtime.Validation;

/// <summary>Hooks (config.md, "POSIX-platform Hooks").</summary>
internal static class HookChecks
{
    public static void Check(HooksSpec? hooks)
    {
        if (hooks is null) return;
        Check(hooks.Prestart, "hooks.prestart");
        Check(hooks.CreateRuntime, "hooks.createRuntime");
        Check(hooks.CreateContainer, "hooks.createContainer");
        Check(hooks.StartContainer, "hooks.startContainer");
        Check(hooks.Poststart, "hooks.poststart");
        Check(hooks.Poststop, "hooks.poststop");
    }

    private static void Check(IReadOnlyList<HookSpec>? hooks, string member)
    {
        for (var i = 0; i < hooks?.Count; i++)
        {
            var hook = hooks[i];
            if (!Texts.IsAbsolute(hook.Path)) throw Sentence.Invalid($"{member}[{i}].path is \"{hook.Path}\", but must be the absolute path of a program");
            Texts.Check(hook.Path, $"{member}[{i}].path");
            Texts.Check(hook.Args, $"{member}[{i}].args");
            Texts.Check(hook.Env, $"{member}[{i}].env");
            if (hook.Timeout <= 0) throw Sentence.Invalid($"{member}[{i}].timeout is {hook.Timeout}, but must be a second or more: raise it, or leave it out to wait for ever");
        }
    }
}
