using System.Reflection;
using Xunit.Sdk;

namespace Tare.EndToEnd.Harness;

/// <summary>The case runs once for each command-line client: the stock docker and tare.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ClientsAttribute : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => Setup.Clients.Select(client => new object[] { client });
}

/// <summary>As <see cref="ClientsAttribute"/>, with the given values after the client.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class ClientsWithAttribute(params object[] values) : DataAttribute
{
    public object[] Values => values;

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) =>
        Setup.Clients.Select(client => new object[] { client }.Concat(values).ToArray());
}

/// <summary>A case about Tare's own processes, which a reference engine does not have.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TareFactAttribute : FactAttribute
{
    public TareFactAttribute() => Skip = Setup.IsReference ? "is about Tare's own processes" : null;
}

/// <summary>As <see cref="TareFactAttribute"/>, with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TareTheoryAttribute : TheoryAttribute
{
    public TareTheoryAttribute() => Skip = Setup.IsReference ? "is about Tare's own processes" : null;
}
