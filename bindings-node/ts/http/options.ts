/** What a mount is told, and what it asks. */

import type { Logger } from '../logs.js';

/** Who asks. Other members are the program's own. */
export interface Principal {
  /** The name in the trail of what is done, as `by`. */
  readonly name?: string | null | undefined;
  /** Roles, as the settings have them in `auth.roles`; who has neither these nor permissions has `auth.default_roles`. */
  readonly roles?: readonly string[] | undefined;
  /** Permissions besides, such as `tasker.task:show`; `*` stands for all actions. */
  readonly permissions?: readonly string[] | undefined;
  /**
   * Whether a cookie says who asks, and nobody has checked a CSRF token: then changes must come from a page of this site. Left out, it
   * is so for a request that has a cookie.
   */
  readonly ambient?: boolean | undefined;
}

/** Something that is to be done, and to what. */
export interface Question {
  /** Such as `tasker.task`. */
  readonly resource: string;
  /** Such as `show`. */
  readonly action: string;
  /** The id of the task, the number or the name of the step, the name of the template or handler; `null` for many of them. */
  readonly resourceId: string | null;
  /** The task of a step, the namespace of a template or handler. */
  readonly parentId: string | null;
}

/** How the interface over HTTP is mounted. `A` is what a request comes with. */
export interface HttpOptions<A extends readonly unknown[], P extends Principal | string = Principal | string> {
  /** The path that it is mounted under, such as `/tasker`. What a framework tells of it by itself need not be said. */
  readonly prefix?: string | undefined;
  /** Whether `prefix` is taken off the path already, by a proxy or a framework, and is for links alone. */
  readonly stripped?: boolean | undefined;
  /**
   * Who asks: an object, a name, or `null` where that is not known; nobody has to say so at probes. Without it, it answers in
   * development only.
   */
  readonly principal?: ((...request: A) => P | null | undefined | Promise<P | null | undefined>) | undefined;
  /** Whether each of these things may be done, in order. Instead of roles and permissions. */
  readonly authorize?:
    | ((principal: P, questions: readonly Question[]) => readonly boolean[] | Promise<readonly boolean[]>)
    | undefined;
  /** The address of the client, for the trail; what the connection or the framework says when left out. */
  readonly address?: ((...request: A) => string | undefined) | undefined;
  /** Whether everybody may do everything where there is no `principal`, in production too. */
  readonly allowUnauthenticated?: boolean | undefined;
  /** The largest body of a request, in bytes. */
  readonly bodyBytes?: number | undefined;
  /** The largest body of a bulk creation in one transaction, in bytes. */
  readonly bulkBytes?: number | undefined;
  /** How long a request may take. */
  readonly timeoutSeconds?: number | undefined;
  /** Takes what goes wrong; warnings of the process when left out. */
  readonly logger?: Logger | undefined;
}
