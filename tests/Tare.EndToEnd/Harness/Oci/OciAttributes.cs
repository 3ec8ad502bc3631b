namespace Tare.EndToEnd.Harness.Oci;

/// <summary>
/// A case for OCI runtimes. <see cref="Only"/> marks what the others do otherwise, most often because Tare is stricter or leaves
/// nothing behind where they do; <see cref="Because"/> says what it is.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OciFactAttribute : FactAttribute
{
    /// <summary>The runtimes that it is for; all when none is named.</summary>
    public OciKinds Only { get; init; }

    /// <summary>How the others differ.</summary>
    public string Because { get; init; } = "";

    /// <summary>How crun differs, which goes ways of its own where the specification leaves them; empty: it does not.</summary>
    public string Crun { get; init; } = "";

    public override string? Skip
    {
        get => OciSkip.Reason(Only, Because, Crun);
        set => throw new NotSupportedException("say Only and Because");
    }
}

/// <summary>As <see cref="OciFactAttribute"/>, with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OciTheoryAttribute : TheoryAttribute
{
    /// <summary>The runtimes that it is for; all when none is named.</summary>
    public OciKinds Only { get; init; }

    /// <summary>How the others differ.</summary>
    public string Because { get; init; } = "";

    /// <summary>How crun differs, which goes ways of its own where the specification leaves them; empty: it does not.</summary>
    public string Crun { get; init; } = "";

    public override string? Skip
    {
        get => OciSkip.Reason(Only, Because, Crun);
        set => throw new NotSupportedException("say Only and Because");
    }
}

internal static class OciSkip
{
    public static string? Reason(OciKinds only, string because, string crun)
    {
        if (OciRuntime.Kind == OciKinds.Crun && crun.Length > 0)
            return "not for crun: " + crun;
        return only == OciKinds.None || only.HasFlag(OciRuntime.Kind) ? null : $"not for {OciRuntime.Kind}: {because}";
    }
}
