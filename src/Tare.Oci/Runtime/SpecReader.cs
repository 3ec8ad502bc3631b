using System.Text.Json;
using Tare.Errors;
using Tare.Oci.Runtime.Reading;

namespace Tare.Oci.Runtime;

/// <summary>
/// Reads the documents of the runtime specification. Written by hand over <see cref="Utf8JsonReader"/>, because a runtime's
/// process lives for milliseconds and a serializer's metadata of this model costs some of them.
/// </summary>
/// <remarks>
/// What is not known is skipped, and <c>null</c> is as good as absent. Names of members are compared without case, as Go does
/// it. What is refused, with one sentence (<see cref="ErrorKind.InvalidArgument"/>) that has the document's name, line, column,
/// and the place in it: a wrong type, a number that is not whole or does not fit, a member that is given twice or that is
/// required and absent, text that is no Unicode, comments, commas too many, more than <see cref="MaxSize"/> bytes, and more
/// than <see cref="MaxDepth"/> levels. What the values mean is <see cref="SpecValidator"/>'s business.
/// </remarks>
public static class SpecReader
{
    /// <summary>
    /// Bytes of the largest document that is read. The largest known are some hundred kilobytes (a system call filter, the
    /// mounts and the annotations of a pod, which etcd limits to 1.5 MiB); the limit bounds what a mistaken path can cost.
    /// </summary>
    public const int MaxSize = 16 << 20;

    /// <summary>Levels of objects and lists; the specification's own are 7.</summary>
    public const int MaxDepth = 64;

    /// <summary>Reads <c>config.json</c> (config.md).</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="name">What errors call it, such as its path.</param>
    /// <exception cref="TareException">It is not what it has to be.</exception>
    public static Spec Read(ReadOnlySpan<byte> utf8, string name)
    {
        var document = new DocumentReader(utf8, name);
        try
        {
            document.Start();
            var spec = ConfigReader.Read(ref document);
            document.End();
            return spec;
        }
        catch (JsonException malformed)
        {
            throw document.Malformed(malformed);
        }
    }

    /// <summary>Reads a process, as <c>exec --process</c> gets it (config.md, "Process").</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="name">What errors call it, such as its path.</param>
    /// <exception cref="TareException">It is not what it has to be.</exception>
    public static ProcessSpec ReadProcess(ReadOnlySpan<byte> utf8, string name)
    {
        var document = new DocumentReader(utf8, name);
        try
        {
            document.Start();
            var process = ProcessReader.Read(ref document);
            document.End();
            return process;
        }
        catch (JsonException malformed)
        {
            throw document.Malformed(malformed);
        }
    }

    /// <summary>Reads limits, as <c>update --resources</c> gets them (config-linux.md, "Control groups").</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="name">What errors call it, such as its path.</param>
    /// <exception cref="TareException">It is not what it has to be.</exception>
    public static LinuxResources ReadResources(ReadOnlySpan<byte> utf8, string name)
    {
        var document = new DocumentReader(utf8, name);
        try
        {
            document.Start();
            var resources = ResourcesReader.Read(ref document);
            document.End();
            return resources;
        }
        catch (JsonException malformed)
        {
            throw document.Malformed(malformed);
        }
    }

    /// <summary>Reads a state, as hooks get it and as the verb <c>state</c> prints it (runtime.md, "State").</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="name">What errors call it, such as its path.</param>
    /// <exception cref="TareException">It is not what it has to be.</exception>
    public static State ReadState(ReadOnlySpan<byte> utf8, string name)
    {
        var document = new DocumentReader(utf8, name);
        try
        {
            document.Start();
            var state = StateReader.Read(ref document);
            document.End();
            return state;
        }
        catch (JsonException malformed)
        {
            throw document.Malformed(malformed);
        }
    }

    /// <summary>Reads what the socket of a seccomp listener gets (config-linux.md, "The Container Process State").</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="TareException">It is not what it has to be.</exception>
    public static ContainerProcessState ReadContainerProcessState(ReadOnlySpan<byte> utf8, string name)
    {
        var document = new DocumentReader(utf8, name);
        try
        {
            document.Start();
            var state = StateReader.ReadContainerProcess(ref document);
            document.End();
            return state;
        }
        catch (JsonException malformed)
        {
            throw document.Malformed(malformed);
        }
    }
}
