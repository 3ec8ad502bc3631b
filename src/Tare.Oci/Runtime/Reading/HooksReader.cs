namespace Tare.Oci.Runtime.Reading;

/// <summary>Hooks (config.md, "POSIX-platform Hooks").</summary>
internal static class HooksReader
{
    public static HooksSpec Read(ref DocumentReader json)
    {
        List<HookSpec>? prestart = null, createRuntime = null, createContainer = null, startContainer = null, poststart = null, poststop = null;
        var members = json.Object();
        while (json.Next(ref members))
        {
            if (json.Is(ref members, "prestart"u8)) prestart = ReadList(ref json);
            else if (json.Is(ref members, "createRuntime"u8)) createRuntime = ReadList(ref json);
            else if (json.Is(ref members, "createContainer"u8)) createContainer = ReadList(ref json);
            else if (json.Is(ref members, "startContainer"u8)) startContainer = ReadList(ref json);
            else if (json.Is(ref members, "poststart"u8)) poststart = ReadList(ref json);
            else if (json.Is(ref members, "poststop"u8)) poststop = ReadList(ref json);
            else json.Skip();
        }

        return new HooksSpec
        {
            Prestart = prestart,
            CreateRuntime = createRuntime,
            CreateContainer = createContainer,
            StartContainer = startContainer,
            Poststart = poststart,
            Poststop = poststop,
        };
    }

    private static List<HookSpec> ReadList(ref DocumentReader json)
    {
        var hooks = new List<HookSpec>();
        json.List("a list of hooks");
        while (json.NextItem())
        {
            string? path = null;
            List<string>? args = null, env = null;
            int? timeout = null;
            var members = json.Object("a hook, an object");
            while (json.Next(ref members))
            {
                if (json.Is(ref members, "path"u8)) path = json.String();
                else if (json.Is(ref members, "args"u8)) args = json.Strings();
                else if (json.Is(ref members, "env"u8)) env = json.Strings();
                else if (json.Is(ref members, "timeout"u8)) timeout = json.Int32("a number of seconds");
                else json.Skip();
            }

            hooks.Add(new HookSpec { Path = path ?? throw json.Missing(members, "path"), Args = args, Env = env, Timeout = timeout });
        }

        return hooks;
    }
}
