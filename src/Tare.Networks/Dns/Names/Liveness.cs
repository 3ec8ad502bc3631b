namespace Tare.Networks.Dns.Names;

/// <summary>Whether an endpoint is there, or will be.</summary>
public enum Liveness
{
    /// <summary>Its container runs.</summary>
    Live,

    /// <summary>
    /// Its container has been made and not been started yet, and its addresses are kept for it. Its names lead to them unless a live one has the
    /// name: of what is started together each finds the others, whichever is first.
    /// </summary>
    Awaited,
}
