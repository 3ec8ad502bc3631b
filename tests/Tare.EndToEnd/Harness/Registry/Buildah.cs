namespace Tare.EndToEnd.Harness.Registry;

/// <summary>buildah with a store of its own.</summary>
/// <param name="folder">Where everything is. It is made.</param>
internal sealed class Buildah(string folder)
{
    public Task<Result> Run(params string[] arguments)
    {
        Directory.CreateDirectory(folder);
        string policy = Path.Combine(folder, "policy.json");
        File.WriteAllText(policy, """{"default":[{"type":"insecureAcceptAnything"}]}""");
        string[] mine = arguments[0] is "push" or "pull" or "commit" or "from" ? ["--signature-policy", policy] : [];
        return Running.RunAsync(
            "buildah", ["--root", folder + "/store", "--runroot", folder + "/run", "--storage-driver", "vfs", arguments[0], .. mine, .. arguments[1..]],
            environment: new Dictionary<string, string> { ["BUILDAH_ISOLATION"] = "chroot", ["HOME"] = folder });
    }
}
